"""A functional model with two inputs and two outputs: how will a patient's diabetes progress?

scikit-learn's table of 442 patients (Efron et al., 2004). The inputs are eight measurements, normalised inside
the model, and the group (age bracket and sex) that the patient belongs to, embedded. The outputs are the progress of
the disease after a year, in the table's own units, and the chance that it lies above the median.

    python examples/two_inputs_two_outputs.py --epochs 30
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

MEASUREMENTS = ["bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
AGE_BRACKETS = [30, 40, 50, 60]  # years; five brackets, times two sexes: ten groups
GROUPS = 2 * (len(AGE_BRACKETS) + 1)


def load_data():
    """Two pairs of dictionaries (inputs, targets): for training and for the test."""
    table = load_diabetes(scaled=False)
    column = dict(zip(table.feature_names, table.data.T))
    sex = column["sex"].astype("int32") - 1  # 1, 2 in the table
    inputs = {
        "measurements": np.stack([column[name] for name in MEASUREMENTS], axis=1).astype("float32"),  # (442, 8)
        "group": (2 * np.digitize(column["age"], AGE_BRACKETS) + sex)[:, None].astype("int32"),  # (442, 1)
    }
    train, test = train_test_split(np.arange(len(sex)), test_size=0.25, random_state=0)
    progress = table.target[:, None].astype("float32")  # (442, 1), from 25 to 346
    targets = {"progress": progress, "high": (progress > np.median(progress[train])).astype("float32")}
    return tuple(
        ({name: x[rows] for name, x in inputs.items()}, {name: y[rows] for name, y in targets.items()})
        for rows in (train, test)
    )


def build_model(x, y):
    """The model, its normalisations adapted to the training data."""
    normalise = layers.Normalization(name="normalise")
    normalise.adapt(x["measurements"])
    to_units = layers.Normalization(axis=None, invert=True, name="progress")
    to_units.adapt(y["progress"])

    measurements = keras.Input(shape=(len(MEASUREMENTS),), name="measurements")
    group = keras.Input(shape=(1,), dtype="int32", name="group")

    embedded = layers.Flatten()(layers.Embedding(GROUPS, 4, name="group_embedding")(group))
    features = layers.Concatenate()([normalise(measurements), embedded])
    hidden = layers.Dense(32, activation="swish", kernel_regularizer=keras.regularizers.L2(1e-3))(features)
    hidden = layers.Dropout(0.2)(hidden)
    shared = layers.Dense(16, activation="swish", name="shared")(hidden)

    return keras.Model(
        inputs={"measurements": measurements, "group": group},
        outputs={
            "progress": to_units(layers.Dense(1)(shared)),
            "high": layers.Dense(1, activation="sigmoid", name="high")(shared),
        },
        name="diabetes",
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--out", type=Path, default=None, help="folder for the saved model (default: a temporary one)")
    args = parser.parse_args(argv)
    out = args.out or Path(tempfile.mkdtemp())
    out.mkdir(parents=True, exist_ok=True)

    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = load_data()

    model = build_model(x_train, y_train)
    model.summary()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=2e-3),
        loss={"progress": "mean_squared_error", "high": "binary_crossentropy"},
        loss_weights={"progress": 1 / float(np.var(y_train["progress"])), "high": 0.5},
        metrics={
            "progress": [keras.metrics.MeanAbsoluteError(name="mae"), keras.metrics.R2Score(name="r2")],
            "high": ["accuracy", keras.metrics.AUC(name="auc")],
        },
    )
    history = model.fit(x_train, y_train, batch_size=32, epochs=args.epochs, verbose=0)
    test = model.evaluate(x_test, y_test, verbose=0, return_dict=True)

    # The layers up to "shared" are a model of their own: sixteen learned features per patient.
    encoder = keras.Model(model.inputs, model.get_layer("shared").output, name="encoder")
    features = encoder.predict(x_test, verbose=0)
    model.save(out / "two_inputs_two_outputs.keras")

    patient = {name: x[:1] for name, x in x_test.items()}
    forecast = model.predict(patient, verbose=0)
    print(f"features of the shared layer: {features.shape}")
    print(
        f"first patient of the test: progress {y_test['progress'][0, 0]:.0f}, "
        f"forecast {forecast['progress'][0, 0]:.0f}, chance that it is high {forecast['high'][0, 0]:.2f}"
    )
    print(
        f"test mean absolute error {test['progress_mae']:.1f}, R2 {test['progress_r2']:.3f}, "
        f"accuracy of 'high' {test['high_accuracy']:.3f}, AUC {test['high_auc']:.3f}"
    )
    return {**{f"test_{name}": value for name, value in test.items()}, "history": history.history}


if __name__ == "__main__":
    main()

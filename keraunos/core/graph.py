"""A graph of recorded operations as a function."""

from keraunos.ops.symbolic import KerasTensor, Operation
from keraunos.util import registry, tree


@registry.builtin("keras")
class Function(Operation):
    """The computation that leads from given symbolic inputs to given symbolic outputs.

    Args:
        inputs, outputs: symbolic tensors, nested as you like.

    Raises:
        ValueError: an output depends on a symbolic tensor that is not among the inputs.

    >>> import keraunos as keras
    >>> x = keras.KerasTensor((None, 2))
    >>> f = keras.Function(x, keras.ops.sum(x * 2, axis=-1))
    >>> f(keras.ops.ones((1, 2))).tolist()
    [4.0]
    """

    def __init__(self, inputs, outputs, name=None):
        Operation.__init__(self, name)
        self._set_graph(inputs, outputs)

    def _set_graph(self, inputs, outputs):
        # Past a layer's __setattr__, which would make tracked lists of them: results are nested like them, as plain lists.
        object.__setattr__(self, "_inputs_struct", tree.map_structure(lambda x: x, inputs))
        object.__setattr__(self, "_outputs_struct", tree.map_structure(lambda x: x, outputs))
        self._inputs = tree.flatten(inputs)
        self._outputs = tree.flatten(outputs)
        for x in (*self._inputs, *self._outputs):
            if not isinstance(x, KerasTensor):
                raise ValueError(
                    f"{type(self).__name__}: inputs and outputs must be symbolic tensors (from keras.Input and calls "
                    f"on it), got {type(x).__name__}."
                )
        if len({id(x) for x in self._inputs}) != len(self._inputs):
            raise ValueError(f"{type(self).__name__}: an input stands twice among inputs: {self._inputs}.")
        self._nodes, self._operations = sort_graph(self._inputs, self._outputs, type(self).__name__)
        self._plan = [(node.operation, node) for node in self._nodes if not node.is_input]

    @property
    def inputs(self):
        """Symbolic inputs, flat."""
        return self._inputs

    @property
    def outputs(self):
        """Symbolic outputs, flat."""
        return self._outputs

    @property
    def operations(self):
        """Operations in the order from inputs to outputs."""
        return list(self._operations)

    def compute_output_spec(self, inputs):
        """Symbolic outputs for symbolic inputs."""
        self._check_structure(inputs)
        given = tree.flatten(inputs)
        same = all(a.shape == b.shape and a.dtype == b.dtype for a, b in zip(given, self._inputs, strict=True))
        if same:
            return tree.map_structure(lambda x: KerasTensor(x.shape, x.dtype), self._outputs_struct)
        return self._run_graph(inputs, lambda operation: operation.compute_output_spec)

    def compute_output_shape(self, input_shape):
        """Nested shapes of the outputs."""
        shapes = [tuple(input_shape)] if isinstance(self._inputs_struct, KerasTensor) else None
        if shapes is None:
            shapes = input_shape.values() if isinstance(input_shape, dict) else input_shape
        stand_ins = [KerasTensor(s, x.dtype) for s, x in zip(shapes, self._inputs, strict=True)]
        found = self.compute_output_spec(tree.unflatten_like(self._inputs_struct, stand_ins))
        return tree.map_structure(lambda x: x.shape, found)

    def call(self, inputs):
        """Run the graph on arrays nested like the inputs."""
        self._check_structure(inputs)
        return self._run_graph(inputs, lambda operation: operation)

    def _check_structure(self, inputs):
        if not tree.same_structure(self._inputs_struct, inputs):
            raise ValueError(
                f"{getattr(self, '_shown_as', type(self).__name__)} {self.name!r}: expected inputs nested like "
                f"{describe_nest(self._inputs_struct)}, got "
                f"{describe_nest(inputs)}."
            )

    def _run_graph(self, inputs, function_of):
        values = {id(ref): x for ref, x in zip(self._inputs, tree.flatten(inputs), strict=True)}
        lookup = lambda t: values[id(t)]
        for operation, node in self._plan:
            if all(id(out) in values for out in node.outputs):
                continue  # an inner tensor was given as an input
            args, kwargs = node.fill(lookup)
            outputs = function_of(operation)(*args, **kwargs)
            for ref, x in zip(node.outputs, tree.flatten(outputs), strict=True):
                values[id(ref)] = x
        return tree.map_structure(lookup, self._outputs_struct)


def describe_nest(structure):
    """A nesting in a few words: a tensor, a list of 2, a dict with keys [...]."""
    if isinstance(structure, dict):
        return f"a dict with keys {sorted(structure)}"
    if isinstance(structure, (list, tuple)):
        return f"a {type(structure).__name__} of {len(structure)}"
    return "one tensor"


def sort_graph(inputs, outputs, who):
    """Nodes in an order in which they can run, and operations by depth from the outputs, deepest first.

    Operations of equal depth stand in the order in which a walk back from the outputs meets them, so that the order (and with it
    the names in files) depends on the graph only.
    """
    given = {id(x) for x in inputs}
    order, met = [], {}
    state = {}  # id(node) -> 1 open, 2 done

    def visit(start):
        stack = [(start, False)]
        while stack:
            tensor, leaving = stack.pop()
            node = tensor.node
            if node is None:
                if id(tensor) not in given:
                    raise ValueError(
                        f"{who}: the graph needs the symbolic tensor {tensor!r}, which is not among the inputs and comes from no "
                        "operation."
                    )
                continue
            if leaving:
                state[id(node)] = 2
                order.append(node)
                continue
            if state.get(id(node)):
                continue
            met.setdefault(id(node.operation), (len(met), node.operation))
            state[id(node)] = 1
            stack.append((tensor, True))
            if id(tensor) in given and not node.is_input:
                continue
            if node.is_input and id(tensor) not in given:
                raise ValueError(
                    f"{who}: the outputs depend on the input {tensor!r} of {node.operation.name!r}, which is not among the inputs. "
                    "Pass it to the model's inputs."
                )
            stack.extend((t, False) for t in reversed(node.inputs))

    for x in outputs:
        visit(x)
    for x in inputs:  # inputs that lead nowhere still belong to the graph
        if x.node is not None and not state.get(id(x.node)):
            met.setdefault(id(x.node.operation), (len(met), x.node.operation))
            order.append(x.node)
            state[id(x.node)] = 2
    depth = {id(n): 0 for n in order}
    of_operation = {}
    for node in reversed(order):
        key = id(node.operation)
        # An operation that is called twice stands where its deepest call does, and what feeds any of its calls before it.
        depth[id(node)] = of_operation[key] = max(depth[id(node)], of_operation.get(key, 0))
        if any(id(t) in given for t in node.outputs):
            continue
        for parent in node.parent_nodes:
            if id(parent) in depth:
                depth[id(parent)] = max(depth[id(parent)], depth[id(node)] + 1)
    operations = sorted(met.values(), key=lambda item: (-of_operation[id(item[1])], item[0]))
    nodes = sorted(order, key=lambda n: -depth[id(n)])
    return nodes, [operation for _, operation in operations]

"""Columns to fill: (name, finished cells, further cells with what must come out). Written for these tests."""

from typing import NamedTuple


class ColumnTask(NamedTuple):
    """A column with finished cells, and cells to fill with the answers that only the judge sees."""

    name: str
    examples: list
    rest: list


COLUMN_TASKS = [
    # names
    ColumnTask(
        "initial and last name",
        [("Ada Lovelace", "A. Lovelace"), ("Alan Turing", "A. Turing")],
        [("Grace Hopper", "G. Hopper"), ("Edsger Dijkstra", "E. Dijkstra")],
    ),
    ColumnTask(
        "last, first",
        [("Ada Lovelace", "Lovelace, Ada"), ("Alan Turing", "Turing, Alan")],
        [("Grace Hopper", "Hopper, Grace")],
    ),
    ColumnTask(
        "first last from last, first",
        [("Lovelace, Ada", "Ada Lovelace"), ("Turing, Alan", "Alan Turing")],
        [("Hopper, Grace", "Grace Hopper"), ("van Rossum, Guido", "Guido van Rossum")],
    ),
    ColumnTask(
        "initials",
        [("Ada Lovelace", "AL"), ("Grace Brewster Hopper", "GBH")],
        [("Alan Mathison Turing", "AMT"), ("John von Neumann", "JvN")],
    ),
    ColumnTask(
        "tidy case",
        [("aDA LOVELACE", "Ada Lovelace"), ("alan turing", "Alan Turing")],
        [("GRACE hopper", "Grace Hopper")],
    ),
    ColumnTask(
        "without title",
        [("Dr. Ada Lovelace", "Ada Lovelace"), ("Mr. Alan Turing", "Alan Turing")],
        [("Prof. Grace Hopper", "Grace Hopper")],
    ),
    ColumnTask(
        "username",
        [("Ada Lovelace", "alovelace"), ("Alan Turing", "aturing")],
        [("Grace Hopper", "ghopper"), ("Edsger Dijkstra", "edijkstra")],
    ),
    ColumnTask(
        "full name from three columns",
        [(("Ada", "King", "Lovelace"), "Lovelace, Ada K."), (("Alan", "Mathison", "Turing"), "Turing, Alan M.")],
        [(("Grace", "Brewster", "Hopper"), "Hopper, Grace B.")],
    ),
    ColumnTask(
        "unicode names",
        [("Søren Aabye Kierkegaard", "S. Kierkegaard"), ("Émile Zola", "É. Zola")],
        [("Ödön von Horváth", "Ö. Horváth"), ("Łukasz Nowak", "Ł. Nowak")],
    ),
    ColumnTask(
        "plain letters",
        [("José García", "jgarcia"), ("Łukasz Żak", "lzak")],
        [("Søren Ångström", "sangstrom"), ("Zoë Ñandú", "znandu")],
    ),
    # e-mails, addresses of the web, paths
    ColumnTask(
        "e-mail from two columns",
        [(("Ada", "Lovelace"), "ada.lovelace@example.org"), (("Alan", "Turing"), "alan.turing@example.org")],
        [(("Grace", "Hopper"), "grace.hopper@example.org")],
    ),
    ColumnTask(
        "domain of an e-mail",
        [("ada@example.org", "example.org"), ("alan.turing@mail.co.uk", "mail.co.uk")],
        [("g.hopper@navy.mil", "navy.mil")],
    ),
    ColumnTask(
        "name from an e-mail",
        [("ada.lovelace@example.org", "Ada Lovelace"), ("alan.turing@mail.com", "Alan Turing")],
        [("grace.hopper@navy.mil", "Grace Hopper")],
    ),
    ColumnTask(
        "host of a URL",
        [("https://www.python.org/about/", "www.python.org"), ("http://keras.io/api", "keras.io")],
        [("https://numpy.org/doc/stable", "numpy.org")],
    ),
    ColumnTask(
        "file name",
        [("/home/ada/notes.txt", "notes.txt"), ("/var/log/sys/boot.log", "boot.log")],
        [("/etc/hosts", "hosts"), ("/a/b/c/d/e.tar", "e.tar")],
    ),
    ColumnTask(
        "file stem",
        [("report.pdf", "report"), ("notes_2024.txt", "notes_2024")],
        [("a.csv", "a"), ("thesis-final.docx", "thesis-final")],
    ),
    ColumnTask(
        "slug",
        [("Hello World", "hello-world"), ("Models That Are Programs", "models-that-are-programs")],
        [("One", "one"), ("A Tale of Two Cities", "a-tale-of-two-cities")],
    ),
    # dates and times
    ColumnTask(
        "ISO date to short",
        [("2024-03-01", "1 Mar 2024"), ("2023-11-25", "25 Nov 2023")],
        [("1999-12-31", "31 Dec 1999"), ("2020-02-29", "29 Feb 2020")],
    ),
    ColumnTask(
        "American date to ISO",
        [("12/31/2020", "2020-12-31"), ("1/5/2021", "2021-01-05")],
        [("7/4/1776", "1776-07-04"), ("11/2/2013", "2013-11-02")],
    ),
    ColumnTask(
        "European date to ISO",
        [("31.12.2020", "2020-12-31"), ("5.1.2021", "2021-01-05")],
        [("4.7.1976", "1976-07-04")],
    ),
    ColumnTask(
        "month and year",
        [("2024-03-01", "March 2024"), ("2023-11-25", "November 2023")],
        [("1999-01-31", "January 1999")],
    ),
    ColumnTask(
        "year of a date",
        [("March 5, 2021", "2021"), ("July 14, 1789", "1789")],
        [("December 25, 1999", "1999")],
    ),
    ColumnTask(
        "written date to ISO",
        [("March 5, 2021", "2021-03-05"), ("July 14, 1989", "1989-07-14")],
        [("December 25, 1999", "1999-12-25")],
    ),
    ColumnTask(
        "weekday",
        [("2024-03-01", "Friday"), ("2023-11-25", "Saturday")],
        [("2024-07-04", "Thursday")],
    ),
    ColumnTask(
        "quarter",
        [("2024-03-01", "Q1 2024"), ("2023-11-25", "Q4 2023")],
        [("2022-05-17", "Q2 2022"), ("2021-08-01", "Q3 2021")],
    ),
    ColumnTask(
        "24 to 12 hours",
        [("14:30", "2:30 PM"), ("09:05", "9:05 AM")],
        [("23:59", "11:59 PM"), ("10:10", "10:10 AM")],
    ),
    # phone numbers
    ColumnTask(
        "phone with dashes",
        [("(212) 555-0123", "212-555-0123"), ("(415) 555-9999", "415-555-9999")],
        [("(111) 222-3333", "111-222-3333")],
    ),
    ColumnTask(
        "phone from digits",
        [("2125550123", "(212) 555-0123"), ("4155559999", "(415) 555-9999")],
        [("1112223333", "(111) 222-3333")],
    ),
    ColumnTask(
        "phone digits only",
        [("(212) 555-0123", "2125550123"), ("415.555.9999", "4155559999")],
        [("111 222 3333", "1112223333")],
    ),
    ColumnTask(
        "country code",
        [("+44 20 7946 0958", "44"), ("+1 212 555 0123", "1")],
        [("+358 9 1234", "358")],
    ),
    # numbers, prices, units
    ColumnTask(
        "thousands separators",
        [(1234567, "1,234,567"), (5000, "5,000")],
        [(123, "123"), (98765432, "98,765,432")],
    ),
    ColumnTask(
        "price as a number",
        [("$1,234.50", 1234.5), ("$12.25", 12.25)],
        [("$7,000.75", 7000.75), ("$0.99", 0.99)],
    ),
    ColumnTask(
        "price written",
        [(1234.5, "$1,234.50"), (12, "$12.00")],
        [(7000.75, "$7,000.75"), (0.5, "$0.50")],
    ),
    ColumnTask(
        "European price",
        [("1.234,50 €", 1234.5), ("12,25 €", 12.25)],
        [("7.000,75 €", 7000.75)],
    ),
    ColumnTask(
        "kilometres to metres",
        [("5 km", "5000 m"), ("12 km", "12000 m")],
        [("7.5 km", "7500 m"), ("0.3 km", "300 m")],
    ),
    ColumnTask(
        "kilograms to pounds",
        [(1.5, "3.31 lb"), (2.0, "4.41 lb"), (70, "154.32 lb")],
        [(10, "22.05 lb"), (0.5, "1.10 lb")],
    ),
    ColumnTask(
        "first letters of a long text",
        [("x" * 500 + "a", "xxx"), ("pqr" + "y" * 400, "pqr")],
        [("abcdef" * 200, "abc")],
    ),
    ColumnTask(
        "minutes to hours",
        [(90, 1.5), (30, 0.5)],
        [(60, 1.0), (45, 0.75)],
    ),
    ColumnTask(
        "number without unit",
        [("80 kg", "80"), ("7.5 kg", "7.5")],
        [("100 kg", "100"), ("62.25 kg", "62.25")],
    ),
    ColumnTask(
        "unit alone",
        [("80kg", "kg"), ("7.5cm", "cm")],
        [("100ml", "ml"), ("3m", "m")],
    ),
    ColumnTask(
        "percent",
        [(0.25, "25%"), (0.5, "50%")],
        [(0.07, "7%"), (1.0, "100%")],
    ),
    ColumnTask(
        "price times quantity",
        [((2.5, 4), 10.0), ((3.2, 5), 16.0)],
        [((1.5, 3), 4.5), ((0.1, 7), 0.7)],
    ),
    ColumnTask(
        "number with leading zeros",
        [("7", "007"), ("42", "042")],
        [("123", "123"), ("5", "005")],
    ),
    # codes and lists
    ColumnTask(
        "middle of a code",
        [("AB-1234-X", "1234"), ("CDE-77-YY", "77")],
        [("F-987654-ZZZ", "987654")],
    ),
    ColumnTask(
        "text in brackets",
        [("Paris (France)", "France"), ("Rome (Italy)", "Italy")],
        [("New York (United States)", "United States")],
    ),
    ColumnTask(
        "city and country",
        [("Paris (France)", "Paris, France"), ("Rome (Italy)", "Rome, Italy")],
        [("New York (United States)", "New York, United States")],
    ),
    ColumnTask(
        "number of items",
        [("a, b, c", 3), ("a", 1)],
        [("x, y", 2), ("p, q, r, s", 4)],
    ),
    ColumnTask(
        "number of words",
        [("to be or not", 4), ("hello", 1), ("good morning", 2)],
        [("a b c", 3)],
    ),
    ColumnTask(
        "one space only",
        [("a   b  c", "a b c"), (" d  e ", "d e")],
        [("f    g", "f g")],
    ),
    ColumnTask(
        "snake to words",
        [("first_name", "First name"), ("date_of_birth", "Date of birth")],
        [("zip_code", "Zip code"), ("id", "Id")],
    ),
    # conditions
    ColumnTask(
        "pass or fail",
        [(45, "fail"), (50, "pass"), (80, "pass"), (20, "fail")],
        [(99, "pass"), (3, "fail"), (61, "pass")],
    ),
    ColumnTask(
        "kind of file",
        [("a.jpg", "image"), ("b.txt", "text"), ("c.jpg", "image"), ("d.txt", "text")],
        [("holiday.jpg", "image"), ("notes.txt", "text")],
    ),
    ColumnTask(
        "last name whatever the form",
        [("Lovelace, Ada", "Lovelace"), ("Alan Turing", "Turing"), ("Hopper, Grace", "Hopper")],
        [("Dijkstra, Edsger", "Dijkstra"), ("Barbara Liskov", "Liskov")],
    ),
    ColumnTask(
        "country added where missing",
        [("Paris, France", "Paris, France"), ("Lyon", "Lyon, France"), ("Nice", "Nice, France")],
        [("Lille", "Lille, France"), ("Metz, France", "Metz, France")],
    ),
    ColumnTask(
        "negative in brackets",
        [("-12", "(12)"), ("7", "7"), ("-3", "(3)"), ("25", "25")],
        [("-480", "(480)"), ("99", "99")],
    ),
    ColumnTask(
        "has a number",
        [("abc1", True), ("abc", False), ("x9y", True), ("hello", False)],
        [("q7", True), ("word", False)],
    ),
]

"""Tables read well in a terminal and on a page."""

from bench.tables import figure, markdown


def test_a_table_is_padded() -> None:
    assert markdown(("", "a second"), [("Mostek", "1,234"), ("wire", "9")]).splitlines() == [
        "|        | a second |",
        "| ------ | -------: |",
        "| Mostek |    1,234 |",
        "| wire   |        9 |",
    ]


def test_figures_show_what_counts() -> None:
    assert [figure(value) for value in (12_345.6, 120.4, 12.34, 0.456, 0)] == ["12,346", "120", "12.3", "0.46", "0.00"]

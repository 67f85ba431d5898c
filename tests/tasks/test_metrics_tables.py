import pytest

from tasks.metrics_tables import Table, flat, mean_and_deviation, metrics_tables, remarks

READ = {"shape": 1.0, "x": 0.5}
EDITS = {
    "reconstruction_iou": 0.75,
    "assembly_iou": 0.625,
    "edit_iou": {"shape": 0.5, "x": 0.25},
    "edit_shown": {"shape": 0.875, "x": 0.5},
    "edit_shown_within_one": {"x": 0.9},
    "read": READ,
    "read_edited": READ,
    "read_within_one": {"x": 0.125},
    "read_edited_within_one": {"x": 0.0},
}


def test_edits_are_a_column_for_each_feature() -> None:
    whole, subset = metrics_tables({**EDITS, "identifiable": EDITS, "steps": 3}, "validation")
    title = "Validation pictures, all classes: reconstruction IoU 0.750, every feature from a donor of its own 0.625 recomposed"
    assert whole.title == title
    assert subset.title.startswith("Validation pictures, identifiable classes: ")
    assert whole.rows == subset.rows
    assert whole.columns == ("one feature", "shape", "x")
    assert whole.rows == (
        ("recomposed: IoU", "0.500", "0.250"),
        ("recomposed: shown", "0.875", "0.500"),
        ("recomposed: within one", "", "0.900"),
        ("read back", "1.000", "0.500"),
        ("read back: within one", "", "0.125"),
        ("read after edit", "1.000", "0.500"),
        ("after edit: within one", "", "0.000"),
    )


def test_edits_from_the_vector_alone_come_first() -> None:
    alone = {"edit_iou": {"shape": 0.4, "x": 0.2}, "edit_shown": {"shape": 0.8}, "edit_shown_within_one": {}, "assembly_iou": 0.6}
    (table,) = metrics_tables({**EDITS, "from_vector": alone})
    assert table.title.endswith("every feature from a donor of its own 0.600 from vector, 0.625 recomposed")
    assert table.rows[:4] == (
        ("from vector: IoU", "0.400", "0.200"),
        ("from vector: shown", "0.800", ""),
        ("from vector: within one", "", ""),
        ("recomposed: IoU", "0.500", "0.250"),
    )


def test_what_was_not_measured_is_an_empty_cell_and_a_remark() -> None:
    metrics = {
        **{name: value for name, value in EDITS.items() if name != "assembly_iou"},
        "edit_iou": {"x": None},
        "read_edited": {},
        "left_out": {"shape": "there is one", "edit_iou, x": "it is nan"},
        "identifiable": {**EDITS, "left_out": {"y": "there is none"}},
        "across_parts": ["x", "y"],
        "controls": {"disc_iou": 0.766, "neighbour_iou": 0.876},
    }
    whole, _ = metrics_tables(metrics)
    assert whole.title.endswith("every feature from a donor of its own not measured recomposed")
    assert whole.rows[0] == ("recomposed: IoU", "", "")
    assert whole.rows[1] == ("recomposed: shown", "0.875", "0.500")
    assert whole.rows[-2:] == (("read after edit", "", ""), ("after edit: within one", "", "0.000"))
    assert remarks(metrics) == [
        "Controls: a disc of the right size in the right place has an IoU of 0.766, the nearest training neighbour 0.876.",
        "Not measured: shape: there is one",
        "Not measured: edit_iou, x: it is nan",
        "Not measured: identifiable, y: there is none",
        "Donors, and what is beside the object, come from all parts of the split for: x, y.",
    ]
    assert remarks({"iou": 0.5}) == []


def test_scenes_are_a_row_for_each_number_of_objects() -> None:
    drawn = {name: {"2": 0.75, "3": 0.5} for name in ("reconstruction_iou", "removed_iou", "added_iou")}
    read = {name: {"2": READ, "3": READ} for name in ("read", "read_within_one")}
    (table,) = metrics_tables({**drawn, **read})
    assert table.title == "Test scenes, all classes"
    assert table.rows == (
        ("2", "0.750", "0.750", "0.750", "0.500", "0.500"),
        ("3", "0.500", "0.500", "0.500", "0.500", "0.500"),
    )


def test_what_a_task_of_somebody_else_measured_is_listed() -> None:
    (table,) = metrics_tables(
        {"steps": 3, "device": "cpu", "seconds": 1.0, "colours": {"red": 0.5, "name": "x"}, "right": 1, "config": {"dim": 3}}
    )
    assert table == Table("Test, all classes", ("measured", "value"), (("colours, red", "0.500"), ("right", "1.000")))


@pytest.mark.parametrize("table", [Table("t", ("a", "b"), (("x", "1"), ("y", "2"))), Table("t", ("a",), ())])
def test_markdown_has_as_many_cells_in_every_row(table: Table) -> None:
    lines = table.markdown().splitlines()
    assert len(lines) == 2 + len(table.rows)
    assert {line.count("|") for line in lines} == {len(table.columns) + 1}


def test_numbers_have_the_names_that_lead_to_them() -> None:
    assert list(flat({"a": {"b": {"c": 1.5}}, "d": True, "e": 2})) == [("a, b, c", 1.5), ("e", 2)]


def test_mean_and_sample_deviation() -> None:
    assert [mean_and_deviation(values) for values in ([], [0.25], [0.5, 0.7], [1, 2, 3])] == [
        "",
        "0.250",
        "0.600 ± 0.141",
        "2.000 ± 1.000",
    ]


def test_large_numbers_have_fewer_decimals() -> None:
    given = ([9.9994, 9.9994], [12.34], [999.0, 1001.0], [12345.6])
    assert [mean_and_deviation(values) for values in given] == ["9.999 ± 0.000", "12.3", "1,000 ± 1", "12,346"]

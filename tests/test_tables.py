"""CSV tables are read to the letter: what people write in them, and what other programs make of it."""

import numpy as np
import pandas as pd
import pytest

from framework.errors import UserError
from framework.files import people, ranks, results, writing
from framework.files.record import Output, Record
from framework.files.tables import read_table


def test_numbers_and_words(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes('\ufeffname, count ,value\r\n"a, ""b""",3,0.1\r\n\r\nNA,-4,1e-3\r\n01,5,2\r\n'.encode())
    table = read_table(path, words=["name"])
    assert table["name"].tolist() == ['a, "b"', "NA", "01"], "words are kept to the letter"
    assert table["count"].dtype == np.int64 and table["count"].tolist() == [3, -4, 5]
    assert table["value"].tolist() == [0.1, 1e-3, 2.0]
    assert read_table(path, ["value", "count"]).columns.tolist() == ["value", "count"]
    with pytest.raises(UserError, match="no column 'rating'; it has name, count, value"):
        read_table(path, ["rating"])
    with pytest.raises(UserError, match=r"no such file; gen_mask.py \(step 5\) makes it"):
        read_table(tmp_path / "other.csv", made_by="gen_mask.py (step 5)")
    with pytest.raises(UserError, match="no such file; python download_data.py fetches it"):
        people.read_attributes("data/human/ratings.csv")


def test_long_tables_come_back_as_they_were(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"valence": random.normal(size=45_000) * 10.0 ** random.integers(-9, 9, 45_000),
                          "arousal": np.arange(45_000, dtype=float)})
    for table in (frame, frame.assign(attribute="a, b")):
        writing.write_bytes(tmp_path / "table.csv", writing.table_bytes(table))
        read = read_table(tmp_path / "table.csv", words=["attribute"])
        pd.testing.assert_frame_equal(read, table, check_exact=True, check_dtype=False)


def test_ranks_and_the_tables_beside_them(tmp_path):
    path, table = tmp_path / "ranks.csv", pd.DataFrame({"valence": [2.0, 1.0, 3.0]})
    with Output(path, Record("rsa_searchlight.py", {"mode": "14Properties", "num_layers": 3})) as output:
        ranks.write(output, table, {"tau": table / 10})
    read, record = ranks.read(path)
    assert read["valence"].tolist() == [2, 1, 3] and record.get("num_layers") == 3
    assert ranks.read_beside(path, "tau")["valence"].tolist() == [0.2, 0.1, 0.3]
    assert ranks.read_beside(path, "permutation_max") is None
    ranks.table_path(path, "tau").write_text("valence\n0.5\n")
    with pytest.raises(UserError, match="ranks_tau.csv: has changed since"):
        ranks.read_beside(path, "tau")


def test_people(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("participant,concept,attribute,rating\n01,Care,valence,1.5\n1,Care,valence,\n")
    ratings = people.read_ratings(path)
    assert ratings["participant"].tolist() == ["01", "1"], "two people"
    assert ratings["emotion"].tolist() == ["Care"] * 2 and ratings["rating"].isna().tolist() == [False, True]
    path.write_text("concept,valence,other-relativity\ncare,0,1\nfairness of all,1,0.5\n")
    attributes, concepts, numbers, are_ratings = people.read_attributes(path)
    assert are_ratings and attributes == ["valence", "other-relativity"] and concepts == ["care", "fairness of all"]
    assert numbers.tolist() == [[0, 1], [1, 0.5]]
    (tmp_path / "ratings.json").write_text("[1]")
    people.read_attributes(path)  # the JSON beside it is no record of ours
    order = tmp_path / "order.txt"
    order.write_text("care\nfairness of all\n loyalty \n")
    path.write_text("valence\n1\n2\n3\n")
    attributes, concepts, numbers, are_ratings = people.read_attributes(path, order)
    assert not are_ratings and concepts == ["care", "fairness of all", "loyalty"] and numbers.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("read, text", [
    (people.read_attributes, "emotion,valence\nfear,0.5\njoy,1\n"),
    (results.read_accuracies, "sentiment,random_seed,accuracy\nfear,1,0.5\n")])
def test_a_table_that_its_record_names_is_read_as_it_was_written(read, text, tmp_path):
    path = tmp_path / "table.csv"
    with Output(path, Record("a script", {})) as output:
        output.write_text(path, text)
    read(path)
    path.write_text(text.replace("0.5", "0.6"))
    with pytest.raises(UserError, match="table.csv: has changed since it was written"):
        read(path)

import os
import subprocess
import sys

from tllib.drawings import pets

import numpy as np
import pytest


def test_at_least_six_breeds_of_both_kinds():
    species = [row.species for row in pets.BREEDS.values()]
    assert len(species) >= 6 and species.count("Cat") >= 3 and species.count("Dog") >= 3


@pytest.mark.parametrize("breed", pets.BREEDS)
def test_every_seed_draws_another_picture_and_the_same_one_again(breed):
    one, again, other = (pets.draw(breed, seed=seed, size=96) for seed in (1, 1, 2))
    assert one.shape == (96, 96, 3) and one.dtype == np.uint8
    np.testing.assert_array_equal(one, again)
    assert np.abs(one.astype(int) - other).mean() > 5


def test_the_same_in_another_process():
    code = "from tllib.drawings import pets; print(pets.draw('Beagle', seed=5, size=64).astype('int64').sum())"
    sums = {subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": hash_seed}, text=True,
                           capture_output=True, check=True).stdout for hash_seed in ("1", "2")}
    assert sums == {f"{pets.draw('Beagle', seed=5, size=64).astype('int64').sum()}\n"}


def test_unknown_breed():
    with pytest.raises(ValueError, match=r"Unknown breed 'Poddle'\. Did you mean 'Poodle'"):
        pets.draw("Poddle", seed=0)


def test_write_set_draws_once(tmp_path):
    folder = pets.write_set(tmp_path / "pets", per_breed=2)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert len(files) == 2 * len(pets.BREEDS) and "Cat/Siamese_001.png" in files and "Dog/Husky_002.png" in files
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    pets.write_set(folder, per_breed=2)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_an_interrupted_drawing_leaves_nothing(tmp_path, monkeypatch):
    drawn = []

    def interrupted(breed, **options):
        drawn.append(breed)
        if len(drawn) == 5:
            raise KeyboardInterrupt
        return np.zeros((4, 4, 3), "uint8")

    monkeypatch.setattr(pets, "draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pets.write_set(tmp_path / "pets")
    assert not list(tmp_path.iterdir())

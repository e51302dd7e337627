"""The rules of the fuzzing harness on a few texts that are the same every time; atheris is not needed for these."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from front_end import check, text_of


@pytest.mark.parametrize("seed", range(40))
def test_the_rules_hold(seed: int) -> None:
    random = Random(seed)
    for _ in range(5):
        check(text_of(random.randbytes(random.randrange(120))))

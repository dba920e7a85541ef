"""A company whose truth is known, made from a seed: for the demo, the documentation and the tests."""

from touchstone.simulate.company import Company
from touchstone.simulate.files import Written, write_company

__all__ = ["Company", "Written", "write_company"]

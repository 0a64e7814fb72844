import pytest

from invoicing.services.profiles import ensure_default_profile
from tests.factories import START


@pytest.fixture
def profile(db):
    """The default seller; the first start made it."""
    return ensure_default_profile(at=START)

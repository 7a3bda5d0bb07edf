"""Pages are walked on every database by the whole cast; how they look is looked at once."""

import pytest

ON_EVERY_DATABASE = ("test_routes", "test_home", "test_queries")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "web" and item.path.stem not in ON_EVERY_DATABASE:
            item.add_marker(pytest.mark.once)

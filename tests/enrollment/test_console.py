"""The numbers on the operator's desk are those that home and the lists say."""

from renkei.device.waiting import waiting_for
from renkei.enrollment.console import see_console
from renkei.policy.loading import load
from tests.cast import Cast
from tests.device.test_enrolling import ask_from_another_browser


def test_a_device_that_an_only_administrator_asks_for_is_counted_as_on_home(cast: Cast) -> None:
    assert see_console(cast["operator"], None)["devices_first"] == 0
    ask_from_another_browser(cast, "sole")  # whose organization has a device in use already
    home = dict(waiting_for(load(cast["operator"], "region").who))
    assert see_console(cast["operator"], None)["devices_first"] == home["first"] == 1

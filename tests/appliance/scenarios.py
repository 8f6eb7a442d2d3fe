"""All that is done to the appliance, in this order: each begins where the last one left the machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.appliance import (
    bad_days,
    caring,
    first_hour,
    installing,
    listening,
    packaged,
    power_cuts,
    sound_cards,
)
from tests.appliance.house import House


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table.

    Attributes:
        name: what is done.
        play: does it; returns what was seen, raises GuestError or AssertionError when that is wrong.
        always: nothing after it can work without it.
    """

    name: str
    play: Callable[[House], Awaitable[str]]
    always: bool = False


SCENARIOS = (
    Scenario("boot", installing.boot, always=True),
    Scenario("install", installing.install, always=True),
    Scenario("start", installing.start, always=True),
    Scenario("devices", sound_cards.devices),
    Scenario("speak", listening.speak),
    Scenario("answer heard", listening.answer_heard),
    Scenario("press the button", listening.press),
    Scenario("lights", listening.lights),
    Scenario("the way of README", first_hour.readme),
    Scenario("doctor", caring.doctor),
    Scenario("board test", caring.board_test),
    Scenario("hang", bad_days.hang),
    Scenario("kill -9", bad_days.kill),
    Scenario("card pulled in mid-utterance", sound_cards.unplug),
    Scenario("microphone busy", sound_cards.busy),
    Scenario("other sound cards", sound_cards.others),
    Scenario("network down and up", bad_days.network),
    Scenario("power cut", bad_days.power_cut),
    Scenario("power cut right after installing", power_cuts.after_install),
    Scenario("power cut right after the first words", power_cuts.after_start),
    Scenario("power cut right after setup", power_cuts.after_setup),
    Scenario("power cut right after settings on the boot partition", power_cuts.after_boot_settings),
    Scenario("clock at 1970", bad_days.clock),
    Scenario("reboot", bad_days.reboot),
    Scenario("settings on the boot partition", caring.boot_settings),
    Scenario("upgrade in mid-conversation", installing.upgrade),
    Scenario("purge", installing.purge),
    Scenario("package", packaged.package),
    Scenario("power cut right after the package", packaged.power_cut),
    Scenario("package upgraded in mid-conversation", packaged.package_upgrade),
    Scenario("package purged", packaged.package_purge),
)

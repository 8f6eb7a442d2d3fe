"""Any event, any options, any conversation: what the flight recorder's tests are fed with."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st

from ravatard.core import events as ev
from ravatard.core.capabilities import Capabilities
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.equipment import Equipment
from ravatard.core.options.gate import GateOptions
from ravatard.core.spend_limit import SpendOptions
from ravatard.core.states import Cause, CloseReason, Refusal, VoiceSource
from ravatard.core.wakeword.options import WakeWordOptions

EVERY_EVENT: tuple[type[Any], ...] = get_args(ev.Event)

OPTIONS = ConversationOptions(
    SessionOptions(), TurnOptions(), GateOptions(mode="auto", longest_s=30.0), has_button=True
)

_numbers = st.floats(allow_nan=False)
_sentences = st.text(max_size=300)


def options() -> st.SearchStrategy[ConversationOptions]:
    """Options that make a conversation do everything it can do."""
    return st.builds(
        ConversationOptions,
        session=st.builds(
            SessionOptions, keep=st.sampled_from(["on-need", "always"]), idle_s=st.sampled_from([5, 120.0])
        ),
        turn=st.builds(
            TurnOptions,
            answer_s=st.sampled_from([None, 3.0]),
            closing_silence_s=st.sampled_from([0, 5.0]),
            busy_shown_s=st.just(10.0),
        ),
        gate=st.builds(
            GateOptions,
            mode=st.sampled_from(["auto", "vad", "button", "both", "wakeword", "wakeword-or-button"]),
            longest_s=st.sampled_from([10.0, 30]),
            toggle=st.booleans(),
        ),
        has_button=st.booleans(),
        spend=st.builds(
            SpendOptions,
            session_minutes=st.sampled_from([None, 0.5]),
            day_minutes=st.sampled_from([None, 0.5, 2]),
        ),
        muted=st.booleans(),
        wakeword=st.builds(
            WakeWordOptions,
            follow_up_s=st.sampled_from([0, 8.0]),
            in_answer=st.sampled_from(["stop", "turn", "off"]),
        ),
        wakeword_trouble=st.sampled_from(["", "the model is broken"]),
        equipment=st.builds(
            Equipment,
            speaks=st.booleans(),
            audio=st.builds(
                AudioOptions,
                echo=st.sampled_from(["off", "half-duplex", "cancel"]),
                barge_in=st.sampled_from(["button", "voice"]),
            ),
            streams=st.booleans(),
            other_mode=st.booleans(),
            wakeword_model=st.integers(0, 2),
            wakeword_kept=st.sampled_from(["", "another is broken"]),
        ),
    )


def events() -> st.SearchStrategy[ev.Event]:
    """Any event with any content."""
    st.register_type_strategy(ConversationOptions, options())
    st.register_type_strategy(float, _numbers)
    st.register_type_strategy(int, st.integers(-(1 << 62), 1 << 62))
    st.register_type_strategy(str, _sentences)
    return st.one_of([st.from_type(kind) for kind in EVERY_EVENT])


def plausible_events() -> st.SearchStrategy[ev.Event]:
    """Any event with contents that meet: few utterances, few turns."""
    small = st.integers(1, 3)
    capabilities = st.builds(
        Capabilities,
        st.just(True),
        st.just(True),
        st.none(),
        st.just(4.0),
        st.just("Ava"),
        st.just("en"),
        voice=st.sampled_from(VoiceSource),
        marks_utterances=st.booleans(),
        interrupts=st.booleans(),
    )
    return st.one_of(
        [
            st.from_type(kind)
            for kind in EVERY_EVENT
            if kind
            not in (
                ev.UtteranceOpened,
                ev.ChunkCaptured,
                ev.UtteranceClosed,
                ev.MessageSent,
                ev.UtteranceDropped,
                ev.LinkOnline,
                ev.LinkOffline,
                ev.SessionRefused,
                ev.OptionsChanged,
            )
        ]
        + [
            st.builds(ev.UtteranceOpened, small, st.from_type(Cause), st.just(0)),
            st.builds(ev.ChunkCaptured, small, small, small, st.just(bytes(8192)), st.just(0.0)),
            st.builds(
                *(
                    ev.UtteranceClosed,
                    small,
                    st.from_type(CloseReason),
                    small,
                    st.sampled_from([20.0, 700.0]),
                ),
                proven=st.booleans(),
            ),
            st.builds(ev.MessageSent, small, st.sampled_from([None, 0.5]), st.just(1.0)),
            st.builds(ev.UtteranceDropped, small, st.just("the network is slow")),
            st.builds(ev.LinkOnline, capabilities),
            st.just(ev.LinkOffline("no network.", 1.0)),
            st.builds(ev.SessionRefused, st.from_type(Refusal), st.just("no."), st.sampled_from([None, 7.0])),
            st.builds(ev.OptionsChanged, options()),
        ]
    )


def stories() -> st.SearchStrategy[list[tuple[float, ev.Event]]]:
    """Seconds that pass, and then an event."""
    return st.lists(
        st.tuples(st.sampled_from([0.0, 0.1, 0.26, 1.0, 6.1, 31.0, 3601.7]), plausible_events()), max_size=40
    )

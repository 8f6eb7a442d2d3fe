"""Catalog of all endpoints of the page, in the order of the document."""

from __future__ import annotations

from typing import Any

from ravatard.web.page.api import health_types as ht
from ravatard.web.page.api import settings_types as st
from ravatard.web.page.api import types as t
from ravatard.web.page.api.endpoints import PREFIX, Endpoint, Right
from ravatard.web.page.api.status_types import StatusReport, TurnList

_BUSY = {429: "Too many attempts: wait as long as Retry-After says."}
_REFUSED = {409: "The appliance refused it; the error says why."}
_GONE = {404: "There is none of this id."}
_CLAIMED = {409: "The appliance has a password already; or none yet, where one is needed."}
_TRIAL = {
    409: "Another trial of the sound is running.",
    503: "The sound cannot be tried; the error says why.",
}
_STORE = {503: "The settings cannot be saved or read now; the error says why."}
_CHANGED = {
    409: "Another page was faster: the revision is old.",
    422: "The settings have problems; all are in `problems`.",
    428: "If-Match is missing.",
    **_STORE,
}


def _command(name: str, right: Right, text: str, takes: Any = t.NoFields, **more: Any) -> Endpoint:
    return Endpoint(
        "POST",
        f"{PREFIX}/{name}",
        name.replace("-", "_"),
        right,
        text,
        takes,
        t.CommandDone,
        refusals=_REFUSED,
        **more,
    )


ENDPOINTS = (
    Endpoint("GET", "/healthz", "healthz", "none", "Tell that the page is served."),
    Endpoint(
        "GET",
        f"{PREFIX}/openapi.json",
        "openapi",
        "none",
        "Return this document.",
        media="application/json",
    ),
    # ------------------------------------------------------------------ access
    Endpoint("GET", f"{PREFIX}/session", "who_am_i", "none", "Tell who the caller is.", gives=t.WhoAmI),
    Endpoint(
        "POST",
        f"{PREFIX}/session",
        "log_in",
        "none",
        "Log a browser in; the reply sets its cookie.",
        t.LogIn,
        t.WhoAmI,
        refusals={401: "The password is wrong.", **_CLAIMED, **_BUSY},
    ),
    Endpoint("DELETE", f"{PREFIX}/session", "log_out", "owner", "Log this browser out."),
    Endpoint(
        "GET",
        f"{PREFIX}/claim",
        "claim_offer",
        "none",
        "Tell how the appliance is claimed.",
        gives=t.ClaimOffer,
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/claim/wait",
        "await_press",
        "none",
        "Await a press of the button for two minutes: the appliance then says six digits.",
        t.NoFields,
        t.ClaimOffer,
        refusals={409: "The appliance has a password already, or no button with a speaker.", **_BUSY},
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/claim",
        "claim",
        "none",
        "Set the first password with the digits that the appliance said; the reply sets a cookie.",
        t.ClaimCode,
        t.WhoAmI,
        refusals={401: "The digits are wrong, or not valid any more.", **_CLAIMED, **_BUSY},
    ),
    Endpoint(
        "PUT",
        f"{PREFIX}/password",
        "change_password",
        "owner",
        "Replace the password; every other browser is logged out.",
        t.NewPassword,
        t.WhoAmI,
        refusals={401: "The current password is wrong.", **_BUSY},
    ),
    Endpoint(
        "GET", f"{PREFIX}/sessions", "sessions", "owner", "List browsers logged in.", gives=t.SessionList
    ),
    Endpoint("DELETE", f"{PREFIX}/sessions", "end_sessions", "owner", "Log every browser out, this one too."),
    Endpoint(
        "DELETE",
        f"{PREFIX}/sessions/{{id}}",
        "end_session",
        "owner",
        "Log one browser out.",
        refusals=_GONE,
    ),
    Endpoint("GET", f"{PREFIX}/tokens", "tokens", "owner", "List the tokens of programs.", gives=t.TokenList),
    Endpoint(
        "POST",
        f"{PREFIX}/tokens",
        "make_token",
        "owner",
        "Make a token for a program, which sends it as `Authorization: Bearer`.",
        t.NewToken,
        t.MadeToken,
        refusals={409: "There are 32 tokens already."},
    ),
    Endpoint("DELETE", f"{PREFIX}/tokens/{{id}}", "revoke_token", "owner", "Revoke a token.", refusals=_GONE),
    # ------------------------------------------------------------------ the appliance
    Endpoint("GET", f"{PREFIX}/status", "status", "read", "Return the state.", gives=StatusReport),
    Endpoint("GET", f"{PREFIX}/turns", "turns", "read", "Return the last turns in numbers.", gives=TurnList),
    Endpoint(
        "GET",
        f"{PREFIX}/live",
        "live",
        "read",
        "Open a WebSocket: the page sends LiveWish, the appliance LiveMessage, each as one text of JSON.",
        refusals={
            426: "It is no WebSocket upgrade.",
            503: "Too many pages are open.",
        },
    ),
    _command("mute", "control", "Close the microphone; answered when it is."),
    _command("unmute", "control", "Open the microphone; answered when it is."),
    _command("toggle-mute", "control", "Close the microphone if it is open, else open it."),
    _command("volume", "control", "Set or change the loudness of the answers.", t.SetLoudness),
    _command("say", "control", "Say something to the avatar in writing.", t.SayWords),
    _command("play", "control", "Play what is at an address to the room.", t.PlayAddress, limit_s=60.0),
    _command("press", "control", "Press the button and release it.", t.HoldButton, limit_s=150.0),
    _command("restart-session", "control", "End the live session; the next words start a new one."),
    _command("reload", "configure", "Read the configuration anew."),
    _command("restart", "configure", "End the daemon, to be started again; refused where nothing would."),
    # ------------------------------------------------------------------ sound
    Endpoint(
        "GET",
        f"{PREFIX}/devices",
        "devices",
        "read",
        "List microphones and speakers with the names for the configuration.",
        gives=ht.DeviceList,
        refusals=_TRIAL,
        limit_s=60.0,
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/sound/tone",
        "play_tone",
        "control",
        "Play a test tone on the appliance's speaker.",
        t.NoFields,
        t.CommandDone,
        refusals=_TRIAL,
        limit_s=40.0,
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/sound/record",
        "record",
        "control",
        "Record three seconds and play them on the appliance's speaker; they are not kept.",
        t.NoFields,
        ht.RecordingTrial,
        refusals=_TRIAL,
        limit_s=60.0,
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/sound/find-mic",
        "find_microphone",
        "control",
        "Listen with every microphone for five seconds: which one hears the user best.",
        t.NoFields,
        ht.MicrophoneTrials,
        refusals=_TRIAL,
        limit_s=90.0,
    ),
    # ------------------------------------------------------------------ settings
    Endpoint(
        "GET",
        f"{PREFIX}/settings",
        "settings",
        "configure",
        "Return every setting with its schema and source, a secret as set or not; the ETag is the revision.",
        gives=st.SettingsReport,
        refusals=_STORE,
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/settings/check",
        "check_settings",
        "configure",
        "Return all problems of changed settings, and what they would change.",
        st.ChangedSettings,
        st.SettingsChecked,
        refusals=_STORE,
    ),
    Endpoint(
        "PUT",
        f"{PREFIX}/settings",
        "save_settings",
        "configure",
        "Save changed settings.",
        st.ChangedSettings,
        st.SettingsSaved,
        refusals=_CHANGED,
        headers={"If-Match": "The revision that the changes were made to, in quotes."},
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/settings/undo",
        "undo_settings",
        "configure",
        "Take the last save back.",
        t.NoFields,
        st.SettingsSaved,
        refusals=_CHANGED,
        headers={"If-Match": "The revision whose save is taken back, in quotes."},
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/avatars",
        "avatars",
        "configure",
        "Ask the service which avatars the saved project has.",
        gives=st.AvatarList,
        refusals={
            409: "The service is being asked already.",
            503: "The service does not say; the error says why.",
        },
        limit_s=50.0,
    ),
    # ------------------------------------------------------------------ health and log
    Endpoint(
        "GET", f"{PREFIX}/doctor", "findings", "read", "Return the last findings.", gives=ht.DoctorReport
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/doctor",
        "examine",
        "control",
        "Run doctor's checks; the microphone and the speaker are in use, and not opened.",
        ht.Examine,
        ht.DoctorReport,
        refusals=_TRIAL,
        limit_s=180.0,
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/log",
        "log",
        "read",
        "Return lines of the log.",
        gives=ht.LogPage,
        query={"after": "Only lines behind this number.", "limit": "At most so many lines, up to 1,000."},
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/log/recorder",
        "recorded",
        "read",
        "Return the newest lines of the flight recorder, up to 1,000.",
        gives=ht.LogLines,
        refusals=_TRIAL,
        limit_s=70.0,
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/log/journal",
        "journal",
        "read",
        "Return the newest lines of the journal of systemd, up to 1,000, where ravatard may read it.",
        gives=ht.LogLines,
        refusals=_TRIAL,
        limit_s=30.0,
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/bundle",
        "bundle",
        "configure",
        "Return everything that a bug report needs, without secrets.",
        media="application/gzip",
        refusals=_TRIAL,
        limit_s=180.0,
    ),
)

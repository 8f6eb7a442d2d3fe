from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.pixelstreaming.configuration import ice_servers, short_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=2_000),
    lambda inner: (
        st.lists(inner, max_size=40)
        | st.dictionaries(st.sampled_from(["urls", "url", "username", "x"]), inner)
    ),
    max_leaves=60,
)


@given(st.fixed_dictionaries({"iceServers": JSON}) | JSON)
def test_any_configuration_gives_few_and_short_servers(options: object) -> None:
    servers = ice_servers(options)

    assert len(servers) <= 16
    assert all(len(one.urls) <= 8 and len(one.username) <= 1_000 for one in servers)
    assert all(isinstance(url, str) and len(url) <= 1_000 for one in servers for url in one.urls)


def test_a_text_is_taken_up_to_a_length() -> None:
    assert short_text("x" * 1_000) == "x" * 1_000
    assert short_text("x" * 1_001) == short_text(5) == short_text(None) == ""

"""judge() never fails, whatever an answer holds."""

from hypothesis import given
from hypothesis import strategies as st

from conversations.genesys import GenesysError
from conversations.genesys.replies import judge, rates, retry_after


class TestJudging:
    @given(
        status=st.integers(100, 599),
        headers=st.dictionaries(
            st.sampled_from(["Retry-After", "ININ-Correlation-Id", "inin-ratelimit-allowed"]),
            st.text(max_size=20),
        ),
        body=st.binary(max_size=200) | st.just(b'{"message": 5, "code": [], "contextId": {}}'),
    )
    def test_gives_an_error_exactly_when_there_is_one(
        self, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        error = judge(status, headers, body)
        assert (error is None) == (200 <= status < 300)
        if isinstance(error, GenesysError):
            assert error.trouble
            assert error.retry_after is None or error.retry_after >= 0

    @given(st.text())
    def test_reads_numbers_only(self, text: str) -> None:
        wait = retry_after({"Retry-After": text})
        assert wait is None or wait >= 0
        assert rates({"inin-ratelimit-allowed": text}).allowed is None or text.strip()

"""News on the public page (A19.2)."""

import pytest

from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.region.models import News
from renkei.region.news import public_item, public_news, publish_news, see_news, withdraw_news


@pytest.mark.clause("A19.2")
def test_the_operator_alone_publishes_and_withdraws(cast):
    news = publish_news(cast["operator"], None, title=" 題 ", body="文")
    for name in ("nurse", "physician", "administrator_same", "family"):
        with pytest.raises(Refused):
            publish_news(cast[name], None, title="題", body="文")
        with pytest.raises(Refused):
            withdraw_news(cast[name], None, news=news.id)
        with pytest.raises(Refused):
            see_news(cast[name], None)
    assert [one.title for one in public_news()] == ["題"]
    withdraw_news(cast["operator"], None, news=news.id)
    assert public_news() == []
    with pytest.raises(Unknown):
        public_item(news.id)
    assert see_news(cast["operator"], None)[0].withdrawn_at is not None


def test_what_is_missing_or_too_long_is_said(cast):
    for title, body in (("", "文"), ("題", " "), ("題" * 101, "文"), ("題", "文" * 5_001)):
        with pytest.raises(Problem):
            publish_news(cast["operator"], None, title=title, body=body)
    assert not News.objects.exists()
    with pytest.raises(Unknown):
        withdraw_news(cast["operator"], None, news=cast.patient)

"""The Hugging Face hub, from which models and data sets come, and which may be out of reach."""

from __future__ import annotations


def go_offline_if_away() -> None:
    """Take the hub's client offline if the hub does not answer, so that it looks into its cache at once.

    Online, it would retry for half a minute and print each attempt.
    """
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except Exception:  # whatever a network can do
        constants.HF_HUB_OFFLINE = True

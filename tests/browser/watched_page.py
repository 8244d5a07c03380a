"""An address -> its page in a browser, in which nothing may fail, and which may ask for nothing from elsewhere."""

from contextlib import contextmanager


@contextmanager
def watched_page(browser, address, allowed, **settings):
    """Open a page; when it is done with, nothing failed on it, and all that it asked for began as allowed.

    Args:
        browser: a Chromium of playwright.
        address: of the page.
        allowed: how the addresses that it may ask for begin, one or several.
        settings: of the browser's window, such as `viewport`.
    """
    with browser.new_context(**settings) as context:
        page = context.new_page()
        wrong, asked = [], []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text))
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        yield page
        assert wrong == []
        assert asked and all(url.startswith(allowed) for url in asked)

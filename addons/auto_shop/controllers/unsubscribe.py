# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.http import Controller, request, route

from ..models.customer_unsubscribe import PATH

# The answer of a mail program or of a page with one button.
MAX_LENGTH = 16 * 1024
HEADERS = {
    "Cache-Control": "no-store",
    # A page of its own: no scripts, no other site around it, no trace of the link.
    "Content-Security-Policy": "default-src 'none'; img-src data:;"
    " style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


class UnsubscribeController(Controller):
    """The page behind the unsubscribe link of e-mails; needs no login, no cookie."""

    @route(
        PATH + "<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        readonly=True,
        save_session=False,
    )
    def show_unsubscribe(self, token, **_params):
        """Ask, and change nothing: programs that check mails follow every link."""
        link = request.env["customer.unsubscribe"]._open_sudo(token)
        return self._answer(link)

    @route(
        PATH + "<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        readonly=False,
        save_session=False,
        max_content_length=MAX_LENGTH,
    )
    def unsubscribe(self, token, **params):
        """Do it at once, for the button of the page as for that of a mail program."""
        unsubscribe = request.env["customer.unsubscribe"]
        link = unsubscribe._open_sudo(token)
        undone = False
        if link and params.get("action") == "undo":
            undone = unsubscribe._undo(link, params.get("undo"))
        elif link:
            one_click = params.get("List-Unsubscribe") == "One-Click"
            unsubscribe._stop(link, one_click)
        return self._answer(link, undone)

    def _answer(self, link, undone=False):
        page = request.env["customer.unsubscribe"]._render_page(link, undone)
        return request.make_response(
            page,
            headers={"Content-Type": "text/html; charset=utf-8", **HEADERS},
            status=200 if link else 404,
        )

# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import base64
from functools import lru_cache

from odoo import fields, models
from odoo.tools.misc import file_open

from ..tools.postcard import (
    SIZES,
    Card,
    draw_png,
    get_text,
    lay_out,
    load_picture,
    read_colour,
)

POSTCARD_SIZES = [("4x6", "4 x 6 in"), ("6x9", "6 x 9 in")]
PREVIEW_WIDTH = 640


@lru_cache(maxsize=16)
def read_picture(path):
    """Return the bytes of a picture that an addon ships."""
    with file_open(path, "rb") as file:
        return file.read()


class CustomerInteraction(models.Model):
    """Postcards: what stands on them, and who prints them.

    An addon adds a way to have cards printed with a value of ``post_provider``, a
    ``res.company._get_postcard_provider`` that returns it, and a method
    ``_<value>_hand_over`` for the rows that are due.
    """

    _inherit = "customer.interaction"

    post_provider = fields.Selection(
        [("print_run", "Print run")], string="Printed By", readonly=True, copy=False
    )
    post_size = fields.Selection(
        POSTCARD_SIZES, string="Card Size", readonly=True, copy=False
    )

    _mailed_cards_idx = models.Index(
        "(company_id, sent_at) WHERE channel = 'post' AND sent_at IS NOT NULL"
    )

    # === HAND OVER ===

    def _hand_over_post(self):
        """Give postcards to whoever prints them for their location."""
        for company, rows in self.sudo().grouped("company_id").items():
            provider = company._get_postcard_provider()
            rows.write({"post_provider": provider, "post_size": company.postcard_size})
            getattr(rows, f"_{provider}_hand_over")()

    def _print_run_hand_over(self):
        """Put postcards on the open print run of their location and size."""
        for size, rows in self.grouped("post_size").items():
            run = self.env["customer.print.run"]._get_open(rows.company_id, size)
            rows.print_run_id = run
            rows._drop_misfits()._mark_dispatched()

    def _drop_misfits(self, has_address=True):
        """Fail what does not fit on its card; return the others.

        Nothing is ever cut: who is to read half a sentence? What the purpose worded
        is worded anew when somebody has shortened it and sends it again.
        """
        misfits = self.browse()
        for row, (_front, _back, problems) in self._lay_out_postcards(has_address):
            if problems:
                row._set_state(
                    "failed", row._get_misfit_sentence(problems), "not_printable"
                )
                row._forget_wording()
                misfits += row
        return self - misfits

    def _forget_wording(self):
        purpose = self.purpose_id
        if purpose and purpose._has_wording("post"):
            worded = purpose._render(self, "post").get(self.id)
            if worded and worded["body"] == self.body:
                self.sudo().write({"subject": False, "body": False})

    def _get_misfit_sentence(self, problems):
        """Return in words what is too long for the card, or cannot be printed."""
        size = dict(self._fields["post_size"]._description_selection(self.env)).get(
            self.post_size
        )
        sentences = {
            "title": self.env._("The title is too long for a card of %s.", size),
            "text": self.env._(
                "The text is too long for a card of %s, even in small print. Shorten "
                "the wording.",
                size,
            ),
            "sender": self.env._(
                "Name and address of the shop are too long for a card of %s.", size
            ),
            "address": self.env._(
                "The address of the customer is too long for a card of %s.", size
            ),
        }
        return " ".join(
            self.env._("These signs cannot be printed: %s", " ".join(detail))
            if code == "signs"
            else sentences[code]
            for code, detail in problems
        )

    # === WHAT STANDS ON A CARD ===

    def _lay_out_postcards(self, has_address=True):
        """Yield ``(row, (front, back, problems))``; see ``tools.postcard.lay_out``.

        :param has_address: without it, the place for stamp and address stays free for
            somebody else's printer
        """
        pictures = self._get_postcard_pictures()
        shops = {}
        for row in self:
            shop = (row.company_id, row._get_lang())
            if shop not in shops:
                shops[shop] = row._prepare_postcard_shop()
            yield (
                row,
                lay_out(
                    Card(
                        size=SIZES[row.post_size or row.company_id.postcard_size],
                        title=row.subject or row.company_id.name,
                        body=row.body or "",
                        address=row._get_postal_lines() if has_address else [],
                        has_stamp=has_address,
                        picture=pictures[row.id],
                        **shops[shop],
                    )
                ),
            )

    def _prepare_postcard_shop(self):
        """Return what is the same on every card of a shop: the sender, its colours."""
        company = self.company_id
        letterhead = company._get_letterhead()
        name, phone = letterhead["name"], letterhead["phone_label"]
        place = " ".join(filter(None, (company.state_id.code, company.zip)))
        town = " ".join(filter(None, (company.city, place)))
        sender = (name, company.street, company.street2, town, phone)
        return {
            "sender": [line for line in sender if line],
            "contact": " · ".join(filter(None, (name, phone))),
            "logo": b"" if company.uses_default_logo else self._read_logo(),
            "accent": read_colour(company.primary_color),
        }

    def _read_logo(self):
        """Return the logo of the shop, or nothing when it cannot be printed (SVG)."""
        logo = self.company_id.with_context(bin_size=False).logo
        data = base64.b64decode(logo or b"")
        try:
            load_picture(data)
        except OSError:
            return b""
        return data

    def _get_postcard_pictures(self):
        """Return ``{id: bytes}``: the picture of each card; a hook for addons."""
        return dict.fromkeys(
            self._ids, read_picture("auto_shop/static/img/postcard.png")
        )

    # === PREVIEW ===

    def _draw_postcard(self, side, width=PREVIEW_WIDTH):
        """Return one side, ``front`` or ``back``, as a PNG, as it is after the cut."""
        self.ensure_one()
        ((row, (front, back, _problems)),) = self._lay_out_postcards()
        size = SIZES[row.post_size or row.company_id.postcard_size]
        return draw_png(front if side == "front" else back, size, width)

    def _preview_postcard(self, rendered):
        """Return a postcard with this wording as it will be printed, for a screen.

        :return: ``(page, sentence)``: HTML with both sides, and what does not fit
        """
        self.ensure_one()
        self.update({"subject": rendered["subject"], "body": rendered["body"]})
        self.post_size = self.post_size or self.company_id.postcard_size
        ((row, (front, back, problems)),) = self._lay_out_postcards()
        sides = [
            {
                "text": get_text(side),
                "data": base64.b64encode(
                    draw_png(side, SIZES[row.post_size], PREVIEW_WIDTH)
                ).decode(),
            }
            for side in (front, back)
        ]
        page = self.env["ir.qweb"]._render(
            "auto_shop.customer_postcard_preview", {"sides": sides}
        )
        return str(page), row._get_misfit_sentence(problems) if problems else ""

# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import base64

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from odoo.addons.auto_shop.models.customer_interaction_postcard import read_picture
from odoo.addons.auto_shop.tools.postcard import (
    SIZES,
    draw_png,
    get_fingerprint,
    get_picture_size,
    load_picture,
)

PICTURES = "customer_contact_360/static/img/postcard_%s.png"
# More than the larger card needs at 300 dots an inch.
MOST_PIXELS = 3000
# Fewer dots an inch than this look blurred in print.
LEAST_DPI = 200
ABOUT_APPOINTMENT = ("reminder_1", "reminder_2", "no_show")


class CustomerContactRule(models.Model):
    """The postcard of one kind: its picture, and what it looks like."""

    _inherit = "customer.contact.rule"

    post_picture = fields.Image(
        string="Picture",
        max_width=MOST_PIXELS,
        max_height=MOST_PIXELS,
        help="Your own picture instead of the one that comes with this message: PNG or "
        "JPEG, twice as wide as high.",
    )
    post_picture_note = fields.Char(compute="_compute_post_picture_note")
    post_preview = fields.Char(
        string="Preview",
        compute="_compute_post_preview",
        help="Changes with whatever stands on the card.",
    )
    post_warning = fields.Char(string="Does Not Fit", compute="_compute_post_preview")
    post_sample = fields.Char(string="Shown For", compute="_compute_post_preview")

    @api.depends("post_picture", "company_id.postcard_size")
    @api.depends_context("lang")
    def _compute_post_picture_note(self):
        for rule in self:
            rule.post_picture_note = rule._get_picture_note()

    @api.depends(
        "kind",
        "channel",
        "post_picture",
        "company_id.postcard_size",
        "setup_id.sample_vehicle_id",
        "setup_id.business_name",
        "setup_id.owner_name",
        "setup_id.phone",
    )
    @api.depends_context("lang", "uid")
    def _compute_post_preview(self):
        for rule in self:
            rule.post_preview = rule.post_warning = rule.post_sample = False
            if rule.channel == "post" and rule._origin:
                row, (front, back, problems) = rule._origin._lay_out_sample()
                rule.post_preview = get_fingerprint(front, back)
                if problems:
                    rule.post_warning = row._get_misfit_sentence(problems)
                rule.post_sample = row.partner_id.name

    @api.constrains("post_picture")
    def _check_post_picture(self):
        for rule in self.filtered("post_picture"):
            try:
                load_picture(rule._get_own_picture())
            except OSError as error:
                raise ValidationError(
                    self.env._("Choose a picture in the format PNG or JPEG.")
                ) from error

    def action_open_postcard(self):
        """Show both sides of the postcard, with its picture to be changed."""
        self.ensure_one()
        view = self.env.ref("customer_contact_360.customer_contact_rule_view_form_post")
        return {
            "type": "ir.actions.act_window",
            "name": dict(self._fields["kind"]._description_selection(self.env))[
                self.kind
            ],
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "target": "new",
        }

    def _get_own_picture(self):
        picture = self.with_context(bin_size=False).post_picture
        return base64.b64decode(picture or b"")

    def _get_picture(self):
        """Return the bytes of the picture on this location's cards of this kind."""
        self.ensure_one()
        return self._get_own_picture() or read_picture(PICTURES % self.kind)

    def _get_picture_note(self):
        """Return what is to be said of the picture: too few pixels, or nothing."""
        if not self.post_picture:
            return False
        try:
            picture = load_picture(self._get_own_picture())
        except OSError:
            return self.env._("Choose a picture in the format PNG or JPEG.")
        width, height = get_picture_size(SIZES[self.company_id.postcard_size])
        dots = min(picture.width / width, picture.height / height)
        if dots >= LEAST_DPI:
            return False
        return self.env._(
            "This picture has %(width)s x %(height)s pixels, which will look blurred. "
            "On this card, print needs %(best_width)s x %(best_height)s.",
            width=picture.width,
            height=picture.height,
            best_width=round(width * 300),
            best_height=round(height * 300),
        )

    # === PREVIEW ===

    def _draw_sample(self, side, width):
        """Return ``(fingerprint, PNG)`` of one side, for a real customer.

        :param side: ``front`` or ``back``
        """
        self.ensure_one()
        row, (front, back, _problems) = self._lay_out_sample()
        size = SIZES[row.company_id.postcard_size]
        shown = front if side == "front" else back
        return get_fingerprint(front, back), draw_png(shown, size, width)

    def _lay_out_sample(self):
        """Return the card as a real customer of the location would get it today.

        :return: ``(row, (front, back, problems))``
        """
        self.ensure_one()
        purpose = self.purpose_id
        row = purpose._new_preview_row("post", self._prepare_sample())
        if purpose:
            rendered = purpose._render(row, "post").get(row.id, {})
            row.update({name: rendered.get(name) for name in ("subject", "body")})
        row.post_size = self.company_id.postcard_size
        return next(iter(row._lay_out_postcards()))

    def _prepare_sample(self):
        """Return the values of an example message, as the user may read it."""
        company = self.company_id
        vehicle = self.setup_id.sample_vehicle_id
        event = self.env["calendar.event"]
        if self.kind in ABOUT_APPOINTMENT:
            event = self._find_sample_appointment(vehicle)
            vehicle = event.vehicle_id or vehicle
        elif self.kind == "deferred":
            vehicle = self._find_sample_deferred(vehicle) or vehicle
        person = event.customer_id or vehicle.driver_id or vehicle.owner_id
        return {
            "company_id": company.id,
            "partner_id": person.id,
            "vehicle_id": vehicle.id,
            "event_id": event.id,
            "told_start": event.start
            or self.env["customer.interaction.purpose"]._get_example_start(company),
            "user_id": self.env.uid,
        }

    def _find_sample_appointment(self, vehicle):
        """Return the next appointment, or the last one, of the example, if any."""
        events = self.env["calendar.event"]
        domain = (
            Domain("company_id", "=", self.company_id.id)
            & Domain("shop_state", "!=", False)
            & Domain("customer_id", "!=", False)
        )
        ahead = Domain("start", ">=", fields.Datetime.now())
        own = Domain("vehicle_id", "=", vehicle.id or 0)
        for condition, order in (
            (own & ahead, "start"),
            (ahead, "start"),
            (own, "start desc"),
            (Domain.TRUE, "start desc"),
        ):
            if event := events.search(domain & condition, order=order, limit=1):
                return event
        return events

    def _find_sample_deferred(self, vehicle):
        """Return a vehicle with recommended work, so that the card shows some."""
        work = self.env["vehicle.deferred.work"]
        domain = Domain("company_id", "=", self.company_id.id) & Domain(
            "state", "=", "open"
        )
        own = Domain("vehicle_id", "=", vehicle.id or 0)
        found = work.search(domain & own, limit=1) or work.search(domain, limit=1)
        return found.vehicle_id

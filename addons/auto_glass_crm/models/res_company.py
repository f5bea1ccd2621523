# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from secrets import token_urlsafe
from urllib.parse import urlencode, urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

GLASS_STAGES = ("new", "scheduled", "completed", "cancelled")
GOOGLE_REVIEW_URL = "https://search.google.com/local/writereview"
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


class ResCompany(models.Model):
    _inherit = "res.company"

    glass_team_id = fields.Many2one(
        "crm.team",
        string="Sales Team of Glass Leads",
        help="Empty: the team “Auto Glass”.",
        groups="base.group_user",
    )
    glass_stage_new_id = fields.Many2one(
        "crm.stage",
        string="Stage When Sent",
        help="Empty: “New” of Auto Glass.",
        groups="base.group_user",
    )
    glass_stage_scheduled_id = fields.Many2one(
        "crm.stage",
        string="Stage When Scheduled",
        help="Empty: “Scheduled” of Auto Glass.",
        groups="base.group_user",
    )
    glass_stage_completed_id = fields.Many2one(
        "crm.stage",
        string="Stage When Completed",
        help="Empty: “Completed” of Auto Glass.",
        groups="base.group_user",
    )
    glass_stage_cancelled_id = fields.Many2one(
        "crm.stage",
        string="Stage When Cancelled",
        help="Empty: “Cancelled” of Auto Glass.",
        groups="base.group_user",
    )
    glass_unsent_appointment = fields.Selection(
        [("refuse", "Refuse the appointment"), ("warn", "Allow it with a note")],
        string="Appointment for an Order That Was Not Sent",
        required=True,
        default="refuse",
        groups="base.group_user",
    )
    review_requests = fields.Selection(
        [
            ("off", "Off"),
            ("after_smile", "After a smile"),
            ("everyone", "Every customer"),
        ],
        required=True,
        default="off",
        help="Which closing texts carry the link to the review form.",
        groups="base.group_user",
    )
    google_place_id = fields.Char(
        string="Google Place ID",
        help="Opens the review form of this location on Google.",
    )
    review_url = fields.Char(
        string="Review Page",
        help="The address of another review page; used instead of the place ID.",
    )
    experience_user_id = fields.Many2one(
        "res.users",
        string="Who Calls Unhappy Customers",
        help="Empty: the leader of the order's sales team, else a shop manager.",
        groups="base.group_user",
    )
    outside_crm_url = fields.Char(
        string="Webhook of the Outside CRM",
        groups="base.group_system,auto_shop.group_manager",
        help="Where the moments of a job are sent as JSON. Empty: nowhere.",
    )
    outside_crm_secret = fields.Char(
        string="Secret of the Outside CRM",
        groups="base.group_system",
        copy=False,
        help="Both sides know it; it signs what is sent. Made for you when left empty.",
    )

    outside_crm_secret_set = fields.Boolean(
        string="Secret Is Set",
        compute="_compute_outside_crm_secret_set",
        compute_sudo=True,
        help="Tells whether there is a secret, without showing it.",
        groups="base.group_user",
    )
    outside_crm_new_secret = fields.Char(
        string="New Secret of the Outside CRM",
        compute="_compute_outside_crm_new_secret",
        inverse="_inverse_outside_crm_new_secret",
        groups="base.group_system,auto_shop.group_manager",
        help="Replaces the secret. Nobody can read here what was entered before.",
    )

    @api.depends("outside_crm_secret")
    def _compute_outside_crm_secret_set(self):
        for company in self:
            company.outside_crm_secret_set = bool(company.outside_crm_secret)

    def _compute_outside_crm_new_secret(self):
        self.outside_crm_new_secret = False

    def _inverse_outside_crm_new_secret(self):
        for company in self.filtered("outside_crm_new_secret"):
            company.outside_crm_secret = company.outside_crm_new_secret
            # What was entered is not read back.
            company.outside_crm_new_secret = False

    @api.constrains("review_url")
    def _check_review_url(self):
        for company in self:
            if company.review_url and not self._is_web_address(company.review_url):
                raise ValidationError(
                    self.env._(
                        "“%s” is not an address of a review page. It begins with "
                        "https://.",
                        company.review_url,
                    )
                )

    @api.constrains("glass_team_id", "experience_user_id")
    def _check_people_of_location(self):
        for company in self.sudo():
            if company.glass_team_id.company_id not in (company, company.browse()):
                raise ValidationError(
                    self.env._(
                        "The team “%s” belongs to another location: leads of this one "
                        "would end up there.",
                        company.glass_team_id.name,
                    )
                )
            user = company.experience_user_id
            if user and company not in user.company_ids:
                raise ValidationError(
                    self.env._(
                        "%s does not work for this location. Choose somebody who does "
                        "to call unhappy customers.",
                        user.name,
                    )
                )

    @api.constrains("outside_crm_url")
    def _check_outside_crm_url(self):
        for company in self.sudo():
            url = company.outside_crm_url
            # The address may hold a key: it is not repeated in the sentence.
            if url and not self._is_web_address(url, secure=True):
                raise ValidationError(
                    self.env._(
                        "The webhook of the outside CRM must be an address that begins "
                        "with https:// and holds no user name. Plain http:// is only "
                        "possible to this machine itself."
                    )
                )
            # Plain HTTP reaches other services of this machine: not for a manager.
            plain = bool(url) and urlsplit(url).scheme == "http"
            if plain and not self.env.user._is_system():
                raise ValidationError(
                    self.env._(
                        "Only an administrator can enter a webhook of this machine "
                        "itself. Enter an address that begins with https://."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._fill_outside_crm_secret_sudo()
        return companies

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(("outside_crm_url", "outside_crm_secret")):
            self._fill_outside_crm_secret_sudo()
        return result

    @api.model
    def _get_shop_manager_fields(self):
        return super()._get_shop_manager_fields() | {
            "experience_user_id",
            "glass_stage_cancelled_id",
            "glass_stage_completed_id",
            "glass_stage_new_id",
            "glass_stage_scheduled_id",
            "glass_team_id",
            "glass_unsent_appointment",
            "google_place_id",
            "outside_crm_new_secret",
            "outside_crm_url",
            "review_requests",
            "review_url",
        }

    def _fill_outside_crm_secret_sudo(self):
        """Make a secret where there is a webhook without one.

        Nothing leaves unsigned. As superuser: the field is for administrators, and
        whoever got here may write the address that goes with it.
        """
        for company in self.sudo():
            if company.outside_crm_url and not company.outside_crm_secret:
                company.outside_crm_secret = token_urlsafe(32)

    @api.model
    def _is_web_address(self, url, secure=False):
        """Tell whether ``url`` is a web address; ``secure``: one fit for secrets."""
        try:
            parts = urlsplit(url)
            host = parts.hostname
            parts.port  # noqa: B018 - raises on a port that is no number
        except ValueError:
            return False
        if not host or parts.scheme not in ("http", "https"):
            return False
        if secure:
            encrypted = parts.scheme == "https" or host in LOOPBACK_HOSTS
            return encrypted and not parts.username
        return True

    def _get_glass_team(self):
        """Return the sales team of glass leads, empty when it was deleted."""
        self.ensure_one()
        shipped = self.env.ref(
            "auto_glass_crm.crm_team_glass", raise_if_not_found=False
        )
        return self.glass_team_id or shipped or self.glass_team_id

    def _get_glass_stage(self, kind):
        """Return the stage for ``kind``, one of ``GLASS_STAGES``; may be empty."""
        self.ensure_one()
        stage = self[f"glass_stage_{kind}_id"]
        shipped = f"auto_glass_crm.crm_stage_{kind}"
        return stage or self.env.ref(shipped, raise_if_not_found=False) or stage

    def _get_glass_pipeline(self):
        """Return the stages that glass leads of the location can be in."""
        self.ensure_one()
        stages = self.env["crm.stage"].search(
            [("team_ids", "in", self._get_glass_team().ids)]
        )
        return stages.union(*map(self._get_glass_stage, GLASS_STAGES)).sorted()

    def _get_review_url(self):
        """Return the address of the location's review form, or an empty text."""
        self.ensure_one()
        if self.review_url:
            return self.review_url
        if self.google_place_id:
            query = urlencode({"placeid": self.google_place_id.strip()})
            return f"{GOOGLE_REVIEW_URL}?{query}"
        return ""

    def _review_link_wanted(self, purpose_code):
        """Tell whether the closing text ``purpose_code`` carries the review link."""
        self.ensure_one()
        return {
            "off": False,
            "after_smile": purpose_code == "experience_smile",
            "everyone": purpose_code in ("experience_smile", "experience_frown"),
        }[self.review_requests]

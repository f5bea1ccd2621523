# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    glass_team_id = fields.Many2one(
        related="company_id.glass_team_id",
        readonly=False,
        domain="[('company_id', 'in', (False, company_id))]",
    )
    glass_stage_new_id = fields.Many2one(
        related="company_id.glass_stage_new_id", readonly=False
    )
    glass_stage_scheduled_id = fields.Many2one(
        related="company_id.glass_stage_scheduled_id", readonly=False
    )
    glass_stage_completed_id = fields.Many2one(
        related="company_id.glass_stage_completed_id", readonly=False
    )
    glass_stage_cancelled_id = fields.Many2one(
        related="company_id.glass_stage_cancelled_id", readonly=False
    )
    glass_unsent_appointment = fields.Selection(
        related="company_id.glass_unsent_appointment", readonly=False
    )
    review_requests = fields.Selection(
        related="company_id.review_requests", readonly=False
    )
    google_place_id = fields.Char(related="company_id.google_place_id", readonly=False)
    review_url = fields.Char(related="company_id.review_url", readonly=False)
    experience_user_id = fields.Many2one(
        related="company_id.experience_user_id",
        readonly=False,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    outside_crm_url = fields.Char(related="company_id.outside_crm_url", readonly=False)
    outside_crm_secret = fields.Char(
        related="company_id.outside_crm_secret", readonly=False
    )

from odoo import api, fields, models

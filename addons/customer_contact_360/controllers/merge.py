# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from werkzeug.wsgi import wrap_file

from odoo.http import Controller, Response, content_disposition, request, route


class MergeController(Controller):
    """The file of a mail merge, sent as it lies on the disk."""

    @route(
        "/customer_contact_360/merge/<int:wizard_id>",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def download_merge(self, wizard_id):
        # Somebody else's is as good as none.
        wizard = request.env["customer.merge.wizard"].search([("id", "=", wizard_id)])
        if not wizard:
            raise request.not_found()
        file, name, mimetype = wizard._write_file()
        response = Response(
            wrap_file(request.httprequest.environ, file),
            headers=[
                ("Content-Type", mimetype),
                ("Content-Disposition", content_disposition(name)),
                ("X-Content-Type-Options", "nosniff"),
            ],
            direct_passthrough=True,
        )
        response.call_on_close(file.close)
        return response

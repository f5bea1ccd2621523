# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import tempfile

from werkzeug.wsgi import wrap_file

from odoo import http
from odoo.http import content_disposition, request


class PrintRunController(http.Controller):
    @http.route("/auto_shop/print_run/<int:run_id>.pdf", type="http", auth="user")
    def download(self, run_id, **params):
        """The cards of a print run, from a file on disk: there may be thousands."""
        run = request.env["customer.print.run"].browse(run_id).exists()
        if not run:
            raise request.not_found()
        run.check_access("read")
        name = f"{run.name}.pdf".replace("/", "-")
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
        try:
            run._write_pdf(file)
            length = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return request.make_response(
            wrap_file(request.httprequest.environ, file),
            [
                ("Content-Type", "application/pdf"),
                ("Content-Length", length),
                ("Content-Disposition", content_disposition(name)),
                ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )

import {Dialog} from "@web/core/dialog/dialog";
import {standardErrorDialogProps} from "@web/core/errors/error_dialogs";
import {registry} from "@web/core/registry";
import {useCustomerQuestion} from "@auto_shop/customer_question/customer_question_service";

import {Component} from "@odoo/owl";

/**
 * The server refused an appointment because its order was not sent to the CRM: say so,
 * and offer to send it. What was entered stays on the screen, to be saved again.
 */
export class NotSentDialog extends Component {
    static template = "auto_glass_crm.NotSentDialog";
    static components = {Dialog};
    static props = {...standardErrorDialogProps};

    setup() {
        this.customerQuestion = useCustomerQuestion();
    }

    get message() {
        return this.props.data.arguments[0];
    }

    async onSend() {
        this.props.close();
        await this.customerQuestion.ask("sale.order", this.props.data.arguments[1]);
    }
}

registry
    .category("error_dialogs")
    .add("odoo.addons.auto_glass_crm.exceptions.NotSentToCrm", NotSentDialog);

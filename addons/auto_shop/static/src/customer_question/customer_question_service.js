import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {CustomerQuestionDialog} from "./customer_question_dialog";

/**
 * Asks what the server wants to know about a record, and brings back the answer.
 *
 * A service: a question outlives the form or quick create that led to it. Whatever
 * shows the record meanwhile hears `CUSTOMER_QUESTION:ANSWERED` on the bus.
 */
export const customerQuestionService = {
    dependencies: ["dialog", "notification", "orm"],

    start(env, {dialog, notification, orm}) {
        const asking = new Map();

        async function askNext(resModel, resId, asked) {
            const question = await orm.call(resModel, "customer_question", [[resId]]);
            // "Not now" is an answer too: that question stays open, for the next time.
            if (!question || asked.has(question.key)) {
                return false;
            }
            asked.add(question.key);
            return new Promise((resolve) => {
                let answered = false;
                const answer = async (value) => {
                    const result = await orm.call(resModel, "customer_answer", [
                        [resId],
                        question.key,
                        value,
                    ]);
                    answered = true;
                    env.bus.trigger("CUSTOMER_QUESTION:ANSWERED", {resModel, resId});
                    if (result) {
                        notification.add(result.message, {type: result.type});
                    } else {
                        notification.add(
                            _t("This was changed or answered in the meantime."),
                            {type: "info"}
                        );
                    }
                };
                dialog.add(
                    CustomerQuestionDialog,
                    {question, answer},
                    {onClose: () => resolve(answered)}
                );
            });
        }

        async function askAll(resModel, resId) {
            const asked = new Set();
            let answered = false;
            // One question after the other: the next depends on the answer.
            // eslint-disable-next-line no-await-in-loop
            while (await askNext(resModel, resId, asked)) {
                answered = true;
            }
            return answered;
        }

        /**
         * Ask until no question is left, or until the user leaves one open.
         *
         * @param {string} resModel a model with `customer.question.mixin`
         * @param {number} resId
         * @returns {Promise<boolean>} whether something was answered, so that what is
         *  on the screen may be old
         */
        function ask(resModel, resId) {
            const key = `${resModel},${resId}`;
            if (!asking.has(key)) {
                asking.set(
                    key,
                    askAll(resModel, resId).finally(() => asking.delete(key))
                );
            }
            return asking.get(key);
        }

        return {ask};
    },
};

registry.category("services").add("customer_question", customerQuestionService);

/** @returns {{ask: (resModel: string, resId: number) => Promise<boolean>}} */
export function useCustomerQuestion() {
    return useService("customer_question");
}

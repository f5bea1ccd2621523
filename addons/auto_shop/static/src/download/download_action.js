import {download} from "@web/core/network/download";
import {registry} from "@web/core/registry";

/**
 * Save the file behind an address, as reports are saved: no window that a browser may
 * block. What called it is drawn anew afterwards; trouble is told as usual.
 */
async function downloadAction(env, {params}) {
    env.services.ui.block();
    try {
        await download({url: params.url, data: {}});
    } finally {
        env.services.ui.unblock();
    }
    return {type: "ir.actions.act_window_close"};
}

registry.category("actions").add("auto_shop.download", downloadAction);

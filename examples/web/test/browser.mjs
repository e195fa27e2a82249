// Drives Chromium over the pipe of its DevTools protocol.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Browser {
    #calls = new Map();
    #number = 0;
    #profile = mkdtempSync(join(tmpdir(), "chromium-"));

    static async open(url) {
        const browser = new Browser();
        const { targetId } = await browser.#send("Target.createTarget", { url: "about:blank" });
        browser.session = (await browser.#send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
        for (const domain of ["Page", "Runtime", "DOM", "Log", "Network"]) await browser.send(`${domain}.enable`);
        await browser.send("Page.navigate", { url });
        return browser;
    }

    constructor() {
        this.faults = []; // exceptions and errors of the page
        this.requests = []; // addresses
        const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${this.#profile}`];
        this.process = spawn("chromium", flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
        let text = "";
        this.process.stdio[4].setEncoding("utf8").on("data", (part) => {
            const messages = (text + part).split("\0");
            text = messages.pop();
            messages.forEach((message) => this.#receive(JSON.parse(message)));
        });
    }

    #receive({ id, result, error, method, params }) {
        if (method === "Runtime.exceptionThrown") this.faults.push(params.exceptionDetails.exception?.description.slice(0, 300));
        if (method === "Log.entryAdded" && params.entry.level === "error") this.faults.push(params.entry.text);
        if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
        const call = this.#calls.get(id);
        if (error) call?.reject(new Error(error.message));
        else call?.resolve(result);
    }

    #send(method, params, sessionId) {
        const id = ++this.#number;
        this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
        return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
    }

    send(method, params) {
        return this.#send(method, params, this.session);
    }

    async run(expression) {
        const call = { expression, awaitPromise: true, returnByValue: true };
        const { result, exceptionDetails } = await this.send("Runtime.evaluate", call);
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
    }

    async until(expression, seconds = 120) {
        for (const end = Date.now() + 1000 * seconds; Date.now() < end; ) {
            if (await this.run(expression).catch(() => false)) return; // The document may not be there yet.
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        throw new Error(`after ${seconds} s, not yet: ${expression}`);
    }

    async resize(width, height) {
        await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    }

    async click(selector) {
        const at = `document.querySelector(${JSON.stringify(selector)})`;
        const [x, y] = await this.run(`(() => { ${at}.scrollIntoView({ block: "center" });
            const box = ${at}.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2] })()`);
        await this.drag([[x, y]]);
    }

    // Presses the mouse at the first point, moves it along the others, and releases it.
    async drag(points) {
        await this.mouse("mousePressed", points[0]);
        for (const point of points.slice(1)) await this.mouse("mouseMoved", point);
        await this.mouse("mouseReleased", points.at(-1));
    }

    async mouse(type, [x, y]) {
        await this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", buttons: 1, clickCount: 1 });
    }

    async key(key, code = key) {
        for (const type of ["keyDown", "keyUp"]) await this.send("Input.dispatchKeyEvent", { type, key, code });
    }

    async choose(selector, file) {
        const { root } = await this.send("DOM.getDocument");
        const { nodeId } = await this.send("DOM.querySelector", { nodeId: root.nodeId, selector });
        await this.send("DOM.setFileInputFiles", { nodeId, files: [file] });
    }

    async screenshot(file) {
        const { data } = await this.send("Page.captureScreenshot", { captureBeyondViewport: true });
        writeFileSync(file, Buffer.from(data, "base64"));
    }

    async close() {
        const closed = new Promise((resolve) => this.process.once("exit", resolve));
        await this.#send("Browser.close");
        await closed;
        rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
    }
}

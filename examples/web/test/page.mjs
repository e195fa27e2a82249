// Visits the page in Chromium: node test/page.mjs. It writes screenshots to dist/.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Browser } from "./browser.mjs";

const dist = new URL("../dist/", import.meta.url).pathname;
const TYPES = { html: "text/html", js: "text/javascript", wasm: "application/wasm" };
const server = createServer(({ url }, answer) => {
    const file = url === "/" ? "/index.html" : url;
    answer.setHeader("content-type", TYPES[file.split(".").pop()]).end(readFileSync(join(dist, file)));
});

const arc = (x, y, rx, ry, from, to) =>
    Array.from({ length: 25 }, (_, i) => ((from + ((to - from) * i) / 24) * Math.PI) / 180).map((angle) => [x + rx * Math.cos(angle), y + ry * Math.sin(angle)]);
// Strokes as points from 0 to 1. Angles go clockwise from the right.
const DIGITS = {
    0: [arc(0.5, 0.5, 0.22, 0.35, -90, 270)],
    1: [[[0.4, 0.28], [0.52, 0.15], [0.52, 0.85]]],
    2: [[...arc(0.5, 0.33, 0.2, 0.18, -170, 30), [0.3, 0.82], [0.72, 0.82]]],
    3: [[...arc(0.48, 0.32, 0.2, 0.17, -150, 90), ...arc(0.48, 0.66, 0.22, 0.17, -90, 150)]],
    4: [[[0.5, 0.15], [0.28, 0.6], [0.74, 0.6]], [[0.6, 0.4], [0.6, 0.88]]],
    5: [[[0.68, 0.16], [0.36, 0.16], [0.34, 0.45], ...arc(0.48, 0.62, 0.2, 0.2, -100, 140)]],
    6: [[[0.6, 0.14], ...arc(0.5, 0.64, 0.19, 0.2, -160, 200)]],
    7: [[[0.28, 0.17], [0.7, 0.17], [0.45, 0.85]], [[0.36, 0.5], [0.66, 0.5]]],
    8: [[...arc(0.5, 0.32, 0.16, 0.16, 90, -270), ...arc(0.5, 0.66, 0.19, 0.18, -90, 270)]],
    9: [[...arc(0.5, 0.34, 0.18, 0.18, 0, -360), [0.66, 0.5], [0.6, 0.86]]],
};
const zigzag = (shift) => [[[0.2, 0.3 + shift], [0.35, 0.7], [0.5, 0.3], [0.65, 0.7 - shift], [0.8, 0.3]]];
const cross = (shift) => [[[0.2 + shift, 0.2], [0.8, 0.8 - shift]], [[0.8, 0.2 + shift], [0.2, 0.8]]];

let browser;
const downloads = mkdtempSync(join(tmpdir(), "downloads-"));
const answer = () => browser.run(`document.getElementById("answer").textContent`);
const message = () => browser.run(`document.getElementById("message").textContent`);

// Returns the function from points of the drawing to those of the window.
async function place() {
    const box = await browser.run(`(() => { const pad = document.getElementById("pad"); pad.scrollIntoView({ block: "center" });
        const { x, y, width, height } = pad.getBoundingClientRect(); return { x, y, width, height } })()`);
    return ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
}

async function draw(strokes) {
    await browser.click("#clear");
    const placed = await place();
    for (const points of strokes) await browser.drag(points.map(placed));
}

before(async () => {
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await Browser.open(`http://127.0.0.1:${server.address().port}/`);
    await browser.resize(1280, 900);
    await browser.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: downloads });
    await browser.until(`document.documentElement.dataset.build`);
});
after(async () => {
    await browser.close();
    server.close();
    rmSync(downloads, { recursive: true });
});

test("it chooses the build with SIMD", async () => {
    assert.equal(await browser.run("document.documentElement.dataset.build"), "simd");
    const milliseconds = await browser.run(`performance.getEntriesByName("first prediction")[0].startTime
        - performance.getEntriesByType("navigation")[0].responseStart`);
    // Not checked, since other programs may run beside this test.
    console.log(`first prediction ${milliseconds.toFixed(0)} ms after the answer of the server`);
});

test("it recognizes digits", async () => {
    const wrong = [];
    for (const [digit, strokes] of Object.entries(DIGITS)) {
        await draw(strokes);
        const text = await answer();
        if (!text.includes(`“${digit}”`)) wrong.push(`${digit}: ${text}`);
    }
    assert.deepEqual(wrong, []);
});

test("it explains a prediction", async () => {
    await draw(DIGITS[3]);
    const colors = `(() => { const data = document.getElementById("heat").getContext("2d").getImageData(0, 0, 8, 8).data;
        let [red, blue] = [0, 0];
        for (let i = 0; i < 256; i += 4) if (data[i + 3] > 40) data[i] > data[i + 2] ? red++ : blue++;
        return { red, blue, text: document.getElementById("heat-text").textContent } })()`;
    const { red, text } = await browser.run(colors);
    assert(red > 3 && text.includes("“3”"), `${red} pixels, ${text}`);
    await browser.click("#bars button:nth-child(9)");
    const other = await browser.run(colors);
    assert(other.blue > 0 && other.text.includes("“8”"), `${other.blue} pixels, ${other.text}`);
    await browser.click("#bars button:nth-child(9)");
    await browser.screenshot(join(dist, "digit.png"));
});

test("the keyboard draws", async () => {
    await browser.click("#clear");
    await browser.run(`document.getElementById("pad").focus()`);
    for (let i = 0; i < 6; i++) await browser.key("ArrowUp");
    await browser.key(" ", "Space");
    for (let i = 0; i < 12; i++) await browser.key("ArrowDown");
    await browser.key(" ", "Space");
    assert.match(await answer(), /“1”/);
    await browser.key("Delete");
    assert.equal(await answer(), "Nothing is drawn yet.");
});

test("clearing ends a stroke", async () => {
    await browser.click("#clear");
    const placed = await place();
    await browser.mouse("mousePressed", placed([0.3, 0.5]));
    await browser.mouse("mouseMoved", placed([0.5, 0.5]));
    await browser.key("Delete");
    await browser.mouse("mouseMoved", placed([0.7, 0.5]));
    await browser.mouse("mouseReleased", placed([0.7, 0.5]));
    assert.deepEqual(browser.faults, []);
    assert.equal(await answer(), "Nothing is drawn yet.");
});

test("a drawing may have many points", async () => {
    await browser.click("#clear");
    const placed = await place();
    const [[x, top], [, bottom]] = [placed([0.5, 0.2]), placed([0.5, 0.8])];
    await browser.run(`for (const [type, count] of [["pointerdown", 0], ["pointermove", 200_000], ["pointerup", 0]]) {
        const at = (share) => ({ pointerId: 1, clientX: ${x}, clientY: ${top} + share * (${bottom} - ${top}) });
        const coalescedEvents = Array.from({ length: count }, (_, index) => new PointerEvent(type, at(index / count)));
        document.getElementById("pad").dispatchEvent(new PointerEvent(type, { ...at(0), coalescedEvents }));
    }`);
    assert.deepEqual(browser.faults, []);
    assert.match(await answer(), /“1”/);
});

test("it learns symbols", async () => {
    await browser.click("#train");
    assert.match(await message(), /at least two/);
    for (const [symbol, shape] of [zigzag, cross].entries()) {
        for (const shift of [0, 0.05, -0.05, 0.1]) {
            await draw(shape(shift));
            await browser.click(`.symbol:nth-child(${symbol + 1}) button`);
        }
    }
    await browser.click("#train");
    const losses = [];
    const read = async () => Number((await browser.run(`document.getElementById("curve-text").textContent`)).split(": ")[1]);
    await browser.until(`document.getElementById("curve-text").textContent.includes("step")`);
    losses.push(await read());
    await browser.until(`document.getElementById("message").textContent.includes("complete")`);
    losses.push(await read());
    console.log(`loss: ${losses.join(" to ")}`);
    assert(losses[1] < 0.1 && losses[1] < losses[0] / 2, String(losses));
    await draw(cross(0.02));
    assert.match(await answer(), /“★”/);
    await browser.screenshot(join(dist, "wide.png"));
    await draw(zigzag(0.03));
    assert.match(await answer(), /“♥”/);
    await browser.resize(390, 844);
    await browser.run("scrollTo(0, 0)");
    const overflow = await browser.run("document.documentElement.scrollWidth");
    assert(overflow <= 390, `${overflow} pixels wide`);
    await browser.screenshot(join(dist, "narrow.png"));
    await browser.resize(1280, 900);
});

test("it saves and loads weights", async () => {
    await browser.click("#save");
    const file = join(downloads, "symbols.safetensors");
    for (let tries = 0; !readdirSync(downloads).includes("symbols.safetensors"); tries++) {
        assert(tries < 100, "nothing was saved");
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const [length] = new BigUint64Array(readFileSync(file).buffer.slice(0, 8));
    assert.equal(Number(length) % 8, 0);
    await browser.click("#digits");
    await draw(DIGITS[7]);
    assert.match(await answer(), /“7”/);
    await browser.choose("#load", file);
    await browser.until(`document.getElementById("message").textContent.includes("is loaded")`);
    await draw(zigzag(0.03));
    assert.match(await answer(), /“♥”/);

    const broken = join(downloads, "broken.safetensors");
    writeFileSync(broken, readFileSync(file).subarray(0, 5000));
    await browser.choose("#load", broken);
    await browser.until(`document.getElementById("message").textContent.includes("truncated")`);
    await browser.choose("#load", new URL("../digits.safetensors", import.meta.url).pathname);
    await browser.until(`document.getElementById("message").textContent.includes("digits.safetensors is loaded")`);
    await draw(DIGITS[2]);
    assert.match(await answer(), /“2”/);

    // Files that are not loaded change nothing.
    const saved = readFileSync(file, "latin1");
    writeFileSync(broken, saved.replace('"symbols":"[', '"symbols":"?'), "latin1");
    await browser.choose("#load", broken);
    await browser.until(`document.getElementById("message").textContent.includes("not loaded")`);
    await draw(DIGITS[7]);
    assert.match(await answer(), /“7”/);
    writeFileSync(broken, new Uint8Array(1_000_001));
    await browser.choose("#load", broken);
    await browser.until(`document.getElementById("message").textContent.includes("larger than 1 MB")`);

    // Without names, the classes are called after the digits.
    for (const metadata of [null, { symbols: "[]" }, { symbols: '["a", 1]' }]) {
        const header = (text) => `"__metadata__":${JSON.stringify(metadata)}`.padEnd(text.length);
        writeFileSync(broken, saved.replace(/"__metadata__":{.*?}/, header), "latin1");
        await browser.choose("#load", broken);
        await browser.until(`document.getElementById("message").textContent.includes("broken.safetensors is loaded")`);
        assert.equal(await browser.run(`document.querySelector("#bars button:nth-child(10) span").textContent`), "9");
        await browser.click("#digits");
    }
});

test("a failed load does not stop training, a failed step does", async () => {
    const button = () => browser.run(`document.getElementById("train").textContent`);
    await browser.run(`window.next = requestAnimationFrame; window.requestAnimationFrame = () => 1; 0`);
    await browser.click("#train");
    assert.equal(await button(), "Stop");
    const broken = join(downloads, "broken.safetensors");
    writeFileSync(broken, "");
    await browser.choose("#load", broken);
    await browser.until(`document.getElementById("message").textContent.includes("not a safetensors file")`);
    assert.equal(await button(), "Stop");
    await browser.click("#train");
    await browser.run(`window.requestAnimationFrame = next;
        import("index.js").then(({ Recognizer }) => { Recognizer.prototype.step = () => { throw new Error("diverged") } })`);
    await browser.click("#train");
    await browser.until(`document.getElementById("message").textContent.includes("stopped: diverged")`);
    assert.equal(await button(), "Train");
});

test("it says why it does not run", async () => {
    const other = await Browser.open("about:blank");
    try {
        await other.send("Page.addScriptToEvaluateOnNewDocument", { source: "delete globalThis.WebAssembly" });
        await other.send("Page.navigate", { url: `file://${dist}index.html` });
        await other.until(`document.getElementById("answer").textContent.includes("WebAssembly")`, 20);
    } finally {
        await other.close();
    }
});

test("it opens without a server, and requests nothing else", async () => {
    const offline = await Browser.open(`file://${dist}index.html`);
    try {
        await offline.until(`document.documentElement.dataset.build`);
        assert.deepEqual(offline.faults, []);
    } finally {
        await offline.close();
    }
    assert.deepEqual(browser.faults, []);
    const others = browser.requests.filter((url) => !/^(data|blob):/.test(url));
    assert.equal(new Set(others).size, 1, String(others));
});

test("the npm package works in a page", async () => {
    const classes = await browser.run(`import("/digits/index.js").then(async ({ Recognizer, load }) => {
        await load();
        return new Recognizer().predict(new Float32Array(64)).length;
    })`);
    assert.equal(classes, 10);
    assert.deepEqual(browser.faults, []);
});

import { Recognizer, build, decode, encode, load } from "index.js";

const SIDE = 8; // pixels of the network's input
const CLASSES = 10;
const STEPS = 200; // of a training run
const LARGEST = 1_000_000; // bytes of a file of weights
const DIGITS = [..."0123456789"];

const element = (id) => document.getElementById(id);
const pad = element("pad");
const percent = (share) => `${(100 * share).toFixed(1)} %`;

const bytes = Uint8Array.from(atob(JSON.parse(element("builds").textContent)[build]), (char) => char.charCodeAt(0));
await load(bytes).catch((error) => {
    element("answer").textContent = `The network does not run in this browser: ${error.message}.`;
    throw error;
});
const network = new Recognizer();

let names = DIGITS; // of the classes that the network knows
let strokes = []; // lists of points [x, y], from 0 to 1
let explained = null; // the class that the visitor chose, or null for the most probable one
let training = 0; // the number of the running animation frame
let losses = [];
const symbols = []; // { name, count, row }

// The drawing.

function paint() {
    const context = pad.getContext("2d");
    context.clearRect(0, 0, pad.width, pad.height);
    draw(context, strokes, pad.width, 0, 0, pad.width / 16);
    if (pad.matches(":focus-visible")) {
        const [x, y] = pen.at.map((part) => part * pad.width);
        context.strokeStyle = pen.down ? "#b2182b" : "#0b57a4";
        context.lineWidth = 4;
        context.beginPath();
        context.arc(x, y, 18, 0, 2 * Math.PI);
        context.stroke();
    }
}

function draw(context, strokes, scale, left, top, width) {
    Object.assign(context, { lineWidth: width, lineCap: "round", lineJoin: "round", strokeStyle: "#1b2430" });
    for (const points of strokes) {
        context.beginPath();
        // A stroke of one point is a dot.
        for (const [x, y] of [points[0], ...points]) context.lineTo(x * scale + left, y * scale + top);
        context.stroke();
    }
}

// The drawing as the data set stores digits: it fills 32×32 pixels, and each gray value is the share of ink in 4×4 pixels.
const raster = Object.assign(document.createElement("canvas"), { width: 32, height: 32 });
const ink = raster.getContext("2d", { willReadFrequently: true });

function picture() {
    const image = new Float32Array(SIDE * SIDE);
    if (strokes.length === 0) return null;
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const [x, y] of strokes.flat()) {
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
    const scale = 28 / Math.max(right - left, bottom - top, 0.1);
    ink.clearRect(0, 0, 32, 32);
    draw(ink, strokes, scale, 16 - (scale * (left + right)) / 2, 16 - (scale * (top + bottom)) / 2, 4);
    const { data } = ink.getImageData(0, 0, 32, 32);
    for (let pixel = 0; pixel < 32 * 32; pixel++) {
        const [row, column] = [pixel >> 7, (pixel >> 2) & 7];
        image[row * SIDE + column] += data[4 * pixel + 3] / 255 / 16;
    }
    return image.map((gray) => Math.min(gray, 1));
}

function place(event) {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

let pointer = null; // of the stroke that is being drawn
pad.addEventListener("pointerdown", (event) => {
    if (pointer !== null) return;
    pad.setPointerCapture(event.pointerId);
    pointer = event.pointerId;
    strokes.push([place(event)]);
    show();
});
pad.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) strokes.at(-1).push(place(part));
    show();
});
for (const end of ["pointerup", "pointercancel"]) {
    pad.addEventListener(end, (event) => {
        if (event.pointerId !== pointer) return;
        pointer = null;
        say();
    });
}

const pen = { at: [0.5, 0.5], down: false };
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
pad.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (move) {
        pen.at = pen.at.map((part, axis) => Math.min(0.95, Math.max(0.05, part + move[axis] / 20)));
        if (pen.down) strokes.at(-1).push(pen.at);
    } else if (event.key === " ") {
        pen.down = !pen.down;
        if (pen.down) strokes.push([pen.at]);
        else say();
    } else if (event.key === "Delete" || event.key === "Backspace") clear();
    else return;
    event.preventDefault();
    show();
});
for (const change of ["focus", "blur"]) pad.addEventListener(change, paint);

function clear() {
    strokes = [];
    pointer = null;
    pen.down = false;
    show();
    say();
}
element("clear").addEventListener("click", clear);

// The prediction and its explanation.

const bars = Array.from({ length: CLASSES }, (_, index) => {
    const button = document.createElement("button");
    button.append(document.createElement("span"), document.createElement("span"));
    button.addEventListener("click", () => {
        explained = explained === index ? null : index;
        show();
    });
    element("bars").append(button);
    return button;
});

function most(values) {
    return values.indexOf(Math.max(...values.slice(0, names.length)));
}

function show() {
    paint();
    const image = picture();
    const shares = image && network.predict(image);
    const shown = explained ?? (shares ? most(shares) : null);
    bars.forEach((bar, index) => {
        const share = shares?.[index] ?? 0;
        bar.hidden = index >= names.length;
        bar.style.setProperty("--share", `${100 * share}%`);
        bar.setAttribute("aria-pressed", String(index === explained));
        const [name, value] = bar.children;
        name.textContent = names[index] ?? "";
        value.textContent = shares ? percent(share) : "";
    });
    pixels(element("seen"), image, (gray) => [27, 36, 48, 255 * gray]);
    const evidence = image && shown !== null ? network.explain(image, shown) : null;
    const strongest = evidence ? Math.max(...evidence.map(Math.abs), 1e-6) : 1;
    const color = (value) => [...(value > 0 ? [178, 24, 43] : [33, 102, 172]), (255 * Math.abs(value)) / strongest];
    pixels(element("heat"), evidence, color);
    element("heat-text").textContent = shown === null ? "Evidence" : `Evidence for “${names[shown]}”`;
}

// Screen readers hear the prediction after a stroke, not at each movement.
function say() {
    const image = picture();
    if (!image) {
        element("answer").textContent = "Nothing is drawn yet.";
        return;
    }
    const shares = network.predict(image);
    const best = most(shares);
    element("answer").textContent = `This is “${names[best]}” (${percent(shares[best])}).`;
}

function pixels(canvas, values, color) {
    const context = canvas.getContext("2d");
    const data = context.createImageData(SIDE, SIDE);
    values?.forEach((value, index) => data.data.set(color(value), 4 * index));
    context.putImageData(data, 0, 0);
}

// The visitor's symbols.

function addSymbol(name = "") {
    const symbol = { name, count: 0, row: document.createElement("div") };
    const number = symbols.push(symbol);
    symbol.row.className = "symbol";
    const input = Object.assign(document.createElement("input"), { type: "text", value: name, maxLength: 20 });
    input.setAttribute("aria-label", `Name of symbol ${number}`);
    input.addEventListener("input", () => {
        symbol.name = input.value;
    });
    const add = Object.assign(document.createElement("button"), { textContent: "Add drawing" });
    add.setAttribute("aria-label", `Add the drawing to symbol ${number}`);
    add.addEventListener("click", () => {
        const image = picture();
        if (!image) return report("Draw the symbol first.", true);
        network.add(image, number - 1);
        symbol.count += 1;
        symbol.row.lastChild.textContent = `${symbol.count} example${symbol.count > 1 ? "s" : ""}`;
        clear();
        report(`Example ${symbol.count} of “${label(symbol, number - 1)}” is added.`);
    });
    symbol.row.append(input, add, Object.assign(document.createElement("span"), { textContent: "0 examples" }));
    element("symbols").append(symbol.row);
    element("more").disabled = number === CLASSES;
}

function label(symbol, index) {
    return symbol.name || `symbol ${index + 1}`;
}

element("more").addEventListener("click", () => {
    addSymbol();
    symbols.at(-1).row.firstChild.focus();
});

element("train").addEventListener("click", () => {
    if (training) return stop("Training is stopped.");
    if (symbols.filter((symbol) => symbol.count > 0).length < 2) {
        return report("Add examples of at least two symbols first.", true);
    }
    network.restart(1);
    recognize(symbols.map(label));
    losses = [];
    element("train").textContent = "Stop";
    report("The network is training.");
    training = requestAnimationFrame(trainForAFrame);
});

// Trains as long as the page stays fluent.
function trainForAFrame(start) {
    try {
        do losses.push(network.step());
        while (losses.length < STEPS && performance.now() - start < 10);
    } catch (error) {
        return stop(`Training is stopped: ${error.message}.`, true);
    }
    plot();
    show();
    if (losses.length < STEPS) training = requestAnimationFrame(trainForAFrame);
    else stop("Training is complete. Draw one of your symbols.");
}

function stop(text, isError = false) {
    cancelAnimationFrame(training);
    training = 0;
    element("train").textContent = "Train";
    report(text, isError);
    say();
}

function recognize(these) {
    names = these;
    explained = null;
    show();
    say();
}

element("digits").addEventListener("click", () => {
    if (training) stop("");
    network.weights = new Recognizer().weights;
    recognize(DIGITS);
    report("The network recognizes digits again.");
});

function plot() {
    const canvas = element("curve");
    const context = canvas.getContext("2d");
    const [left, top, width, height] = [70, 20, canvas.width - 100, canvas.height - 90];
    const highest = Math.max(...losses, 0.1);
    context.clearRect(0, 0, canvas.width, canvas.height);
    Object.assign(context, { font: "22px system-ui, sans-serif", fillStyle: "#1b2430", lineWidth: 1 });
    context.textAlign = "right";
    for (const share of [0, 0.5, 1]) {
        const y = top + height * (1 - share);
        context.strokeStyle = "#c3cad3";
        context.strokeRect(left, y, width, 0);
        context.fillText((highest * share).toFixed(2), left - 8, y + 8);
    }
    context.textAlign = "center";
    for (const share of [0, 0.5, 1]) context.fillText(String(STEPS * share), left + width * share, top + height + 30);
    context.fillText("training step", left + width / 2, top + height + 60);
    Object.assign(context, { strokeStyle: "#0b57a4", lineWidth: 3, lineJoin: "round" });
    context.beginPath();
    losses.forEach((loss, step) => context.lineTo(left + (width * step) / STEPS, top + height * (1 - loss / highest)));
    context.stroke();
    element("curve-text").textContent = `Loss (cross-entropy) at step ${losses.length}: ${losses.at(-1).toFixed(4)}`;
}

// Files.

element("save").addEventListener("click", () => {
    const file = encode(network.layout(), network.weights, { symbols: JSON.stringify(names) });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file], { type: "application/octet-stream" }));
    link.download = names === DIGITS ? "digits.safetensors" : "symbols.safetensors";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    report(`${link.download} is saved.`);
});

element("load").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    try {
        if (file.size > LARGEST) throw new Error("it is larger than 1 MB");
        const { weights, metadata } = decode(network.layout(), await file.arrayBuffer());
        const saved = namesIn(metadata);
        network.weights = weights;
        if (training) stop("");
        recognize(saved);
        report(`${file.name} is loaded.`);
    } catch (error) {
        report(`${file.name} is not loaded: ${error.message}.`, true);
    }
});

// Files of `io::save` have no names: their classes are the digits.
function namesIn(metadata) {
    const saved = JSON.parse(metadata.symbols ?? "[]");
    const fits = Array.isArray(saved) && saved.length > 0 && saved.length <= CLASSES;
    return fits && saved.every((name) => typeof name === "string") ? saved.map((name) => name.slice(0, 20)) : DIGITS;
}

function report(text, isError = false) {
    element("message").textContent = text;
    element("message").classList.toggle("error", isError);
}

["♥", "★"].forEach((name) => addSymbol(name));
show();
network.predict(new Float32Array(SIDE * SIDE));
performance.mark("first prediction");
document.documentElement.dataset.build = build;

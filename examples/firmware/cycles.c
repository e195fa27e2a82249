/* A plugin of QEMU that estimates the cycles of a Cortex-M4 between the instructions YIELD and SEV, which no program has
 * elsewhere.
 *
 * Each instruction has the cycles of Arm's "Cortex-M4 Processor Technical Reference Manual" (100166, section 3.3):
 *
 * - A load takes 2 cycles, and 1 after another load whose result is not its address ("pipelined"). A store takes 1 with
 *   an immediate offset, and otherwise the same as a load.
 * - Several loads or stores in one instruction take 1 cycle more than their number.
 * - A branch that is taken takes 1 cycle and P more for the refill of the pipeline, where P is 1 to 3.
 * - A division takes 2 to 12 cycles, and in the floating-point unit 14, as does a square root; a multiplication there
 *   with an addition takes 3. Everything else takes 1.
 *
 * It writes the number of instructions and the cycles for the shortest and the longest branches and divisions. Memory has
 * no wait states. An instruction that the block before it (`IT`) skips counts like one that runs.
 *
 * Debian has no qemu-plugin.h: these are the declarations of version 1 of the interface that are used here. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, void (*)(unsigned, void *), int, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { YIELD = 0xBF10, SEV = 0xBF40, NONE = 16 };

/* An instruction: its cycles, of which `longest` only if branches and divisions take the longest. */
struct cost {
    unsigned shortest, longest;
    bool branches, conditional; /* to another place; perhaps */
    bool loads, delays;         /* one number; a store that delays as a load does */
    unsigned result, address[2];
};

struct counts {
    uint64_t instructions, shortest, longest;
};

/* A block of instructions that run one after another. */
struct block {
    uint64_t start, next; /* `next` is where it goes on if its last branch is not taken, or 0 */
    struct counts counts;
};

/* The counts of the rest of its block after a YIELD or SEV. */
struct mark {
    bool ends;
    struct counts rest;
    struct mark *next;
};

/* At the start of a block, all of it is added. */
static struct counts counts;
static uint64_t falls_to;

/* The counts at the start of the measurements, one inside the other. */
static struct counts starts[8];
static unsigned started;

static unsigned bits(unsigned word) { return (unsigned)__builtin_popcount(word); }

static struct cost plain(unsigned cycles)
{
    return (struct cost){.shortest = cycles, .longest = cycles, .result = NONE, .address = {NONE, NONE}};
}

static struct cost branch(bool conditional)
{
    struct cost cost = plain(1);
    cost.branches = true;
    cost.conditional = conditional;
    return cost;
}

static struct cost load(unsigned result, unsigned base, unsigned offset)
{
    struct cost cost = plain(2);
    cost.loads = true;
    cost.result = result;
    cost.address[0] = base;
    cost.address[1] = offset;
    return cost;
}

static struct cost store(bool immediate, unsigned base, unsigned offset)
{
    struct cost cost = plain(immediate ? 1 : 2);
    cost.delays = !immediate;
    cost.address[0] = base;
    cost.address[1] = offset;
    return cost;
}

static struct cost several(unsigned numbers, bool to_pc)
{
    struct cost cost = plain(1 + numbers);
    cost.branches = to_pc;
    return cost;
}

static struct cost narrow(unsigned code)
{
    unsigned low = code & 7, base = code >> 3 & 7, offset = code >> 6 & 7;
    switch (code >> 12) {
    case 0x4:
        if (code & 0x800) return load(code >> 8 & 7, 15, NONE);
        if ((code & 0xFF00) == 0x4700 || (code & 0xFD87) == 0x4487) return branch(false);
        return plain(1);
    case 0x5:
        return (code >> 9 & 7) < 3 ? store(false, base, offset) : load(low, base, offset);
    case 0x6: case 0x7: case 0x8:
        return code & 0x800 ? load(low, base, NONE) : store(true, base, NONE);
    case 0x9:
        return code & 0x800 ? load(code >> 8 & 7, 13, NONE) : store(true, 13, NONE);
    case 0xB:
        if ((code & 0xFE00) == 0xB400) return several(bits(code & 0x1FF), false);
        if ((code & 0xFE00) == 0xBC00) return several(bits(code & 0x1FF), code & 0x100);
        if ((code & 0xF500) == 0xB100) return branch(true); /* CBZ, CBNZ */
        return plain(1);
    case 0xC:
        return several(bits(code & 0xFF), false);
    case 0xD:
        return (code >> 8 & 15) < 14 ? branch(true) : plain(1);
    case 0xE:
        return branch(false);
    default:
        return plain(1);
    }
}

static struct cost floating(unsigned first, unsigned second)
{
    if ((first & 0xFE00) == 0xEC00) {
        if ((first & 0xFFE0) == 0xEC40) return plain(2); /* two registers */
        if ((first & 0xFF20) == 0xED00) return plain(2); /* one number */
        return several(second & 0xFF, false);
    }
    if (second & 0x10) return plain(1); /* a register */
    switch (first & 0xFFB0) {
    case 0xEE00: case 0xEE10: case 0xEE90: case 0xEEA0:
        return plain(3);
    case 0xEE80:
        return plain(14);
    case 0xEEB0:
        return (first & 15) == 1 && (second & 0xC0) == 0xC0 ? plain(14) : plain(1);
    default:
        return plain(1);
    }
}

static struct cost wide(unsigned first, unsigned second)
{
    unsigned base = first & 15, result = second >> 12;
    if ((first & 0xFE40) == 0xE800) return several(bits(second), first & 0x10 && second & 0x8000);
    if ((first & 0xFFF0) == 0xE8D0 && (second & 0xFFE0) == 0xF000) { /* a table of branches */
        struct cost cost = several(1, true);
        return cost;
    }
    if ((first & 0xFE40) == 0xE840) return first & 0x120 ? several(2, false) : plain(2);
    if ((first & 0xFE00) == 0xF800) {
        bool immediate = first & 0x80 || second & 0x800 || base == 15;
        unsigned offset = immediate ? NONE : second & 15;
        if (!(first & 0x10)) return store(immediate, base, offset);
        struct cost cost = load(result, base, offset);
        cost.branches = result == 15 && (first & 0x60) == 0x40;
        return cost;
    }
    if ((first & 0xFFD0) == 0xFB90) { /* SDIV, UDIV */
        struct cost cost = plain(2);
        cost.longest = 12;
        return cost;
    }
    if ((first & 0xF800) == 0xF000 && second & 0x8000) {
        if (second & 0x1000 || (second & 0x5000) == 0x4000) return branch(false);
        return (first >> 6 & 15) < 14 ? branch(true) : plain(2); /* or a special register */
    }
    if ((first & 0xEC00) == 0xEC00 && (second & 0xE00) == 0xA00) return floating(first, second);
    return plain(1);
}

static struct cost decode(const struct qemu_plugin_insn *instruction)
{
    const uint8_t *data = qemu_plugin_insn_data(instruction);
    unsigned first = data[0] | data[1] << 8;
    return qemu_plugin_insn_size(instruction) == 2 ? narrow(first) : wide(first, data[2] | data[3] << 8);
}

static struct counts plus(struct counts a, struct counts b)
{
    return (struct counts){a.instructions + b.instructions, a.shortest + b.shortest, a.longest + b.longest};
}

static struct counts minus(struct counts a, struct counts b)
{
    return (struct counts){a.instructions - b.instructions, a.shortest - b.shortest, a.longest - b.longest};
}

static void run(unsigned cpu, void *data)
{
    const struct block *block = data;
    (void)cpu;
    if (falls_to && block->start != falls_to) counts = plus(counts, (struct counts){0, 1, 3});
    falls_to = block->next;
    counts = plus(counts, block->counts);
}

static void run_mark(unsigned cpu, void *data)
{
    const struct mark *mark = data;
    struct counts here = minus(counts, mark->rest);
    (void)cpu;
    if (!mark->ends && started < 8) {
        starts[started++] = here;
    } else if (mark->ends && started) {
        here = minus(here, starts[--started]);
        fprintf(stderr, "region: %" PRIu64 " instructions, %" PRIu64 " to %" PRIu64 " cycles\n", here.instructions,
                here.shortest, here.longest);
    }
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);
    struct block *block = calloc(1, sizeof *block); /* as long as the code */
    struct mark *marks = NULL;
    struct cost before = plain(0);
    (void)id;
    if (!block) abort();
    for (size_t index = 0; index < count; index++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, index);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);
        struct cost cost = decode(instruction);
        if (index == 0) block->start = address;
        bool waits = before.result != NONE && (before.result == cost.address[0] || before.result == cost.address[1]);
        if (before.loads && (cost.loads || cost.delays) && !waits) {
            cost.shortest--;
            cost.longest--;
        }
        if (cost.branches && !cost.conditional) {
            cost.shortest += 1;
            cost.longest += 3;
        }
        if (cost.conditional) block->next = address + qemu_plugin_insn_size(instruction);
        block->counts = plus(block->counts, (struct counts){1, cost.shortest, cost.longest});
        before = cost;

        const uint8_t *data = qemu_plugin_insn_data(instruction);
        unsigned code = data[0] | data[1] << 8;
        if (qemu_plugin_insn_size(instruction) == 2 && (code == YIELD || code == SEV)) {
            struct mark *mark = calloc(1, sizeof *mark);
            if (!mark) abort();
            mark->ends = code == SEV;
            mark->rest = block->counts; /* as yet, those up to here */
            mark->next = marks;
            marks = mark;
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, run_mark, QEMU_PLUGIN_CB_NO_REGS, mark);
        }
    }
    for (struct mark *mark = marks; mark; mark = mark->next) mark->rest = minus(block->counts, mark->rest);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, run, QEMU_PLUGIN_CB_NO_REGS, block);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info,
                                                               int count, char **arguments)
{
    (void)info, (void)count, (void)arguments;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    return 0;
}

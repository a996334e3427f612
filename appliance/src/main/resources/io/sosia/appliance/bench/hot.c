/* The hot kernels of `sosia bench machine` beside the integer mix: one program a build, chosen by -DPROGRAM=name. Sizes
   make each repetition some 150 to 300 million steps. */

#include "harness.h"

/* sha256: FIPS 180-4 over a message of 64 KiB, again and again. */

static const u32 K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static u32 turned(u32 x, int n)
{
    return x >> n | x << (32 - n);
}

static void sha256_block(u32 *h, const u8 *p)
{
    u32 w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (u32)p[4 * i] << 24 | (u32)p[4 * i + 1] << 16 | (u32)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = (turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10) + w[i - 7]
            + (turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 16];
    u32 a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
    for (int i = 0; i < 64; i++) {
        u32 t = k + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i];
        u32 s = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        k = g, g = f, f = e, e = d + t, d = c, c = b, b = a, a = t + s;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e, h[5] += f, h[6] += g, h[7] += k;
}

u64 sha256(void)
{
    static u8 message[1 << 16];
    u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    for (u32 i = 0; i < sizeof message; i++)
        message[i] = next();
    for (int round = 0; round < 96; round++)
        for (u32 i = 0; i < sizeof message; i += 64)
            sha256_block(h, message + i);
    return (u64)h[0] << 32 | h[1];
}

/* strings: copies, lengths, comparisons and searches, byte by byte and word by word. */

NOINLINE static void copy(u8 *to, const u8 *from, u64 n)
{
    for (; n >= 8; n -= 8, to += 8, from += 8)
        *(u64 *)to = *(const u64 *)from;
    while (n--)
        *to++ = *from++;
}

NOINLINE static u64 length(const u8 *s)
{
    const u8 *p = s;
    while (*p)
        p++;
    return p - s;
}

NOINLINE static int compare(const u8 *a, const u8 *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a - *b;
}

NOINLINE static const u8 *find(const u8 *s, u8 wanted)
{
    while (*s && *s != wanted)
        s++;
    return s;
}

u64 strings(void)
{
    enum { COUNT = 1024, ROOM = 256 };
    static u8 all[COUNT][ROOM], copies[COUNT][ROOM];
    u64 sum = 0;
    for (int i = 0; i < COUNT; i++) {
        u64 n = 16 + next() % (ROOM - 24);
        for (u64 k = 0; k < n; k++)
            all[i][k] = 'a' + next() % 26;
        all[i][n] = 0;
    }
    for (int round = 0; round < 40; round++)
        for (int i = 0; i < COUNT; i++) {
            int j = (i * 7 + round) % COUNT;
            u64 n = length(all[i]);
            copy(copies[j], all[i], n + 1);
            sum = sum * 31 + n + compare(copies[j], all[i]) + compare(all[i], all[j]);
            sum += find(copies[j], 'a' + (i + round) % 26) - copies[j];
            copy(copies[i], copies[j], ROOM);
        }
    return sum;
}

/* bytecode: the loop of a virtual machine for a small stack language, with one indirect jump an instruction. */

enum { PUSH, ADD, MULTIPLY, XOR, SWAP, DUPLICATE, LOAD, STORE, DECREMENT, JUMP_IF, SHIFT, END };

u64 bytecode(void)
{
    static const u8 code[] = {
        PUSH, 17, STORE, 1,
        LOAD, 0, LOAD, 1, ADD, DUPLICATE, SHIFT, 5, XOR, PUSH, 29, MULTIPLY, LOAD, 2, SWAP, ADD, STORE, 1,
        LOAD, 1, SHIFT, 3, LOAD, 2, XOR, STORE, 2,
        LOAD, 0, DECREMENT, DUPLICATE, STORE, 0, JUMP_IF, 4, END};
    static const void *const labels[] = {&&push, &&add, &&multiply, &&xor_, &&swap, &&duplicate, &&load, &&store,
        &&decrement, &&jump_if, &&shift, &&end};
    u64 stack[16], variables[4] = {1000000, 0, 12345, 0};
    u64 *top = stack, t;
    const u8 *pc = code;
#define GO goto *labels[*pc++]
    GO;
push:
    *++top = *pc++;
    GO;
add:
    top--, top[0] += top[1];
    GO;
multiply:
    top--, top[0] *= top[1];
    GO;
xor_:
    top--, top[0] ^= top[1];
    GO;
swap:
    t = top[0], top[0] = top[-1], top[-1] = t;
    GO;
duplicate:
    top++, top[0] = top[-1];
    GO;
load:
    *++top = variables[*pc++];
    GO;
store:
    variables[*pc++] = *top--;
    GO;
decrement:
    top[0]--;
    GO;
jump_if:
    pc = *top-- ? code + *pc : pc + 1;
    GO;
shift:
    *top >>= *pc++;
    GO;
end:
    return variables[1] ^ variables[2];
}

/* lists: linked lists, a state machine over text and a checksum, as small controllers do. */

struct item {
    struct item *next;
    u32 key, value;
};

static struct item *merge(struct item *a, struct item *b)
{
    struct item head, *tail = &head;
    while (a && b) {
        struct item **least = a->key <= b->key ? &a : &b;
        tail->next = *least;
        tail = *least;
        *least = tail->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

NOINLINE static struct item *sorted(struct item *list)
{
    if (!list || !list->next)
        return list;
    struct item *slow = list, *fast = list->next;
    while (fast && fast->next)
        slow = slow->next, fast = fast->next->next;
    struct item *half = slow->next;
    slow->next = 0;
    return merge(sorted(list), sorted(half));
}

NOINLINE static u32 checksum(u32 crc, u32 data)
{
    for (int i = 0; i < 16; i++) {
        u32 bit = (crc ^ data) & 1;
        crc >>= 1;
        if (bit)
            crc ^= 0xa001;
        data >>= 1;
    }
    return crc;
}

/* Counts the numbers of a text like "12,-3.5,+7e2,x9": what kind each is. */
NOINLINE static void scan(const u8 *text, u32 *counts)
{
    enum { START, SIGN, INTEGER, FRACTION, EXPONENT, POWER, WRONG } at = START;
    for (;; text++) {
        u8 c = *text;
        int digit = c >= '0' && c <= '9';
        if (c == ',' || c == 0) {
            counts[at]++;
            at = START;
            if (c == 0)
                return;
            continue;
        }
        switch (at) {
        case START:
            at = digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? FRACTION : WRONG;
            break;
        case SIGN:
            at = digit ? INTEGER : c == '.' ? FRACTION : WRONG;
            break;
        case INTEGER:
            at = digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : WRONG;
            break;
        case FRACTION:
            at = digit ? FRACTION : c == 'e' ? EXPONENT : WRONG;
            break;
        case EXPONENT:
            at = digit || c == '-' ? POWER : WRONG;
            break;
        case POWER:
            at = digit ? POWER : WRONG;
            break;
        case WRONG:
            break;
        }
    }
}

u64 lists(void)
{
    enum { ITEMS = 1000, LETTERS = 4000 };
    static struct item items[ITEMS];
    static u8 text[LETTERS + 1];
    u32 counts[7] = {0}, crc = 0xffff;
    for (int i = 0; i < LETTERS; i++)
        text[i] = "0123456789,,.+-e,x01"[next() % 20];
    for (int round = 0; round < 500; round++) {
        struct item *list = 0;
        for (int i = 0; i < ITEMS; i++) {
            items[i] = (struct item){list, next() & 0xffff, i};
            list = &items[i];
        }
        list = sorted(list);
        for (struct item *each = list; each; each = each->next)
            if ((each->key & 7) == 0)
                crc = checksum(crc, each->key ^ each->value);
        text[next() % LETTERS] = "0123456789,,.+-e,x01"[next() % 20];
        scan(text, counts);
    }
    u64 sum = crc;
    for (int i = 0; i < 7; i++)
        sum = sum * 1000003 + counts[i];
    return sum;
}

/* chase: follows pointers in a random ring of 256 KiB, then of 4 MiB. */

u64 chase(void)
{
    enum { NODES = 1 << 18 };
    static u32 ring[NODES][4];
    static u32 order[NODES];
    u64 sum = 0;
    for (u32 nodes = 1 << 14; nodes <= NODES; nodes <<= 4) {
        for (u32 i = 0; i < nodes; i++)
            order[i] = i;
        for (u32 i = nodes - 1; i > 0; i--) {
            u32 j = next() % (i + 1), t = order[i];
            order[i] = order[j], order[j] = t;
        }
        for (u32 i = 0; i < nodes; i++) {
            ring[order[i]][0] = order[(i + 1) % nodes];
            ring[order[i]][1] = i;
        }
        u32 at = 0;
        for (u32 i = 0; i < (nodes == NODES ? 3000000 : 20000000); i++) {
            at = ring[at][0];
            sum += ring[at][1];
        }
    }
    return sum;
}

/* nbody: the planets of the benchmarks game, in double precision, with square roots and divisions. */

struct body {
    double x, y, z, vx, vy, vz, mass;
};

NOINLINE static void advance(struct body *bodies, int n, double dt)
{
    for (int i = 0; i < n; i++) {
        struct body *a = bodies + i;
        for (int j = i + 1; j < n; j++) {
            struct body *b = bodies + j;
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double square = dx * dx + dy * dy + dz * dz;
            double magnitude = dt / (square * __builtin_sqrt(square));
            a->vx -= dx * b->mass * magnitude, a->vy -= dy * b->mass * magnitude, a->vz -= dz * b->mass * magnitude;
            b->vx += dx * a->mass * magnitude, b->vy += dy * a->mass * magnitude, b->vz += dz * a->mass * magnitude;
        }
    }
    for (int i = 0; i < n; i++) {
        struct body *a = bodies + i;
        a->x += dt * a->vx, a->y += dt * a->vy, a->z += dt * a->vz;
    }
}

u64 nbody(void)
{
    struct body bodies[5];
    for (int i = 0; i < 5; i++) {
        double random[7];
        for (int k = 0; k < 7; k++)
            random[k] = (double)(next() >> 11) * 0x1p-53;
        bodies[i] = (struct body){random[0] * 60 - 30, random[1] * 60 - 30, random[2] * 2 - 1, random[3] - 0.5,
            random[4] - 0.5, random[5] * 0.1, i == 0 ? 39.47 : random[6] * 0.03};
    }
    for (int step = 0; step < 400000; step++)
        advance(bodies, 5, 0.001);
    double sum = 0;
    for (int i = 0; i < 5; i++)
        sum += bodies[i].x + bodies[i].y + bodies[i].z;
    union { double value; u64 bits; } result = {sum};
    return result.bits;
}

/* What every program of `sosia bench machine` begins with. Entered in S-mode, without a library; says that it is ready,
   then repeats its work for ever and prints "name checksum" after each time, over the SBI console. */

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#define NOINLINE __attribute__((noinline))

static u64 sbi(u64 extension, u64 function, u64 a)
{
    register u64 a0 asm("a0") = a, a1 asm("a1") = 0, a6 asm("a6") = function, a7 asm("a7") = extension;
    asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    return a0;
}

static void say(char c)
{
    sbi(1, 0, c); /* legacy console putchar: every firmware has it */
}

static void say_text(const char *text)
{
    while (*text)
        say(*text++);
}

static void report(const char *name, u64 checksum)
{
    say_text(name);
    say(' ');
    for (int shift = 60; shift >= 0; shift -= 4)
        say("0123456789abcdef"[checksum >> shift & 15]);
    say('\n');
}

#define SEED 88172645463325252UL

static u64 state;

static u64 next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

u64 PROGRAM(void);

#define TEXT(x) #x
#define NAME(x) TEXT(x)

void run(void)
{
    say_text(NAME(PROGRAM));
    say_text(" ready\n");
    for (;;) {
        state = SEED;
        report(NAME(PROGRAM), PROGRAM());
    }
}

/* sstatus.FS = initial: programs may use floating point. */
asm(".section .text.unlikely, \"ax\"\n"
    ".globl _start\n"
    "_start: li t0, 1 << 13\n"
    "        csrs sstatus, t0\n"
    ".option push\n"
    ".option norelax\n"
    "        la gp, __global_pointer$\n"
    ".option pop\n"
    "        la sp, stack_end\n"
    "        tail run\n"
    ".bss\n"
    ".balign 16\n"
    ".skip 65536\n"
    "stack_end:\n"
    ".text\n");

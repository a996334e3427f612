/*
 * Executes floating-point instructions for a test: reads records from standard input, writes what the CPU made of each
 * to standard output. Freestanding, so that it needs a compiler and no C library.
 *
 * in:  u32 operation, u32 rounding mode, u64 a, u64 b, u64 c     (32 bytes, little-endian; registers, not values)
 * out: u64 result register, u64 fflags                           (16 bytes)
 */
typedef unsigned int u32;
typedef unsigned long u64;

struct request { u32 operation, rounding; u64 a, b, c; };
struct answer { u64 result, flags; };

#define BATCH 4096
static struct request requests[BATCH];
static struct answer answers[BATCH];

static long system_call(long number, long a, const void *b, long c)
{
    register long a0 asm("a0") = a;
    register const void *a1 asm("a1") = b;
    register long a2 asm("a2") = c;
    register long a7 asm("a7") = number;
    asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}

static void quit(long status)
{
    system_call(93, status, 0, 0);
    __builtin_unreachable();
}

/* Operands are loaded as 64-bit registers, so that a badly boxed single-precision operand stays one. */
#define FLOAT(number, instruction, operands)                                                              \
    case number:                                                                                          \
        asm volatile("fmv.d.x ft0, %1\n fmv.d.x ft1, %2\n fmv.d.x ft2, %3\n"                              \
                     instruction " ft3, " operands "\n fmv.x.d %0, ft3"                                   \
                     : "=r"(result) : "r"(q->a), "r"(q->b), "r"(q->c) : "ft0", "ft1", "ft2", "ft3");      \
        break;
#define TO_INTEGER(number, instruction, operands)                                                         \
    case number:                                                                                          \
        asm volatile("fmv.d.x ft0, %1\n fmv.d.x ft1, %2\n" instruction " %0, " operands                   \
                     : "=r"(result) : "r"(q->a), "r"(q->b) : "ft0", "ft1");                               \
        break;
#define FROM_INTEGER(number, instruction)                                                                 \
    case number:                                                                                          \
        asm volatile(instruction " ft3, %1\n fmv.x.d %0, ft3" : "=r"(result) : "r"(q->a) : "ft3");        \
        break;

/* The same operations in both precisions, single precision at the even numbers. */
#define FLOAT_PAIR(number, instruction, operands)     \
    FLOAT(2 * number, instruction ".s", operands)     \
    FLOAT(2 * number + 1, instruction ".d", operands)
#define TO_INTEGER_PAIR(number, instruction, operands)     \
    TO_INTEGER(2 * number, instruction ".s", operands)     \
    TO_INTEGER(2 * number + 1, instruction ".d", operands)

static void execute(const struct request *q, struct answer *answer)
{
    u64 result = 0, flags;
    asm volatile("fsrm %0\n fsflags zero" : : "r"((u64)q->rounding));
    switch (q->operation) {
    FLOAT_PAIR(0, "fadd", "ft0, ft1")
    FLOAT_PAIR(1, "fsub", "ft0, ft1")
    FLOAT_PAIR(2, "fmul", "ft0, ft1")
    FLOAT_PAIR(3, "fdiv", "ft0, ft1")
    FLOAT_PAIR(4, "fsqrt", "ft0")
    FLOAT_PAIR(5, "fmadd", "ft0, ft1, ft2")
    FLOAT_PAIR(6, "fmsub", "ft0, ft1, ft2")
    FLOAT_PAIR(7, "fnmsub", "ft0, ft1, ft2")
    FLOAT_PAIR(8, "fnmadd", "ft0, ft1, ft2")
    FLOAT_PAIR(9, "fmin", "ft0, ft1")
    FLOAT_PAIR(10, "fmax", "ft0, ft1")
    FLOAT_PAIR(11, "fsgnj", "ft0, ft1")
    FLOAT_PAIR(12, "fsgnjn", "ft0, ft1")
    FLOAT_PAIR(13, "fsgnjx", "ft0, ft1")
    TO_INTEGER_PAIR(14, "feq", "ft0, ft1")
    TO_INTEGER_PAIR(15, "flt", "ft0, ft1")
    TO_INTEGER_PAIR(16, "fle", "ft0, ft1")
    TO_INTEGER_PAIR(17, "fclass", "ft0")
    TO_INTEGER_PAIR(18, "fcvt.w", "ft0, dyn")
    TO_INTEGER_PAIR(19, "fcvt.wu", "ft0, dyn")
    TO_INTEGER_PAIR(20, "fcvt.l", "ft0, dyn")
    TO_INTEGER_PAIR(21, "fcvt.lu", "ft0, dyn")
    FROM_INTEGER(44, "fcvt.s.w")
    FROM_INTEGER(45, "fcvt.d.w")
    FROM_INTEGER(46, "fcvt.s.wu")
    FROM_INTEGER(47, "fcvt.d.wu")
    FROM_INTEGER(48, "fcvt.s.l")
    FROM_INTEGER(49, "fcvt.d.l")
    FROM_INTEGER(50, "fcvt.s.lu")
    FROM_INTEGER(51, "fcvt.d.lu")
    FLOAT(52, "fcvt.s.d", "ft0")
    FLOAT(53, "fcvt.d.s", "ft0")
    default:
        quit(3);
    }
    asm volatile("frflags %0" : "=r"(flags));
    answer->result = result;
    answer->flags = flags;
}

void run(void)
{
    for (;;) {
        long bytes = 0, count = 0;
        while (bytes < (long)sizeof requests) {
            count = system_call(63, 0, (char *)requests + bytes, sizeof requests - bytes);
            if (count <= 0)
                break;
            bytes += count;
        }
        if (count < 0 || bytes % sizeof *requests != 0)
            quit(1);
        long records = bytes / sizeof *requests;
        for (long i = 0; i < records; i++)
            execute(&requests[i], &answers[i]);
        for (long written = 0; written < records * (long)sizeof *answers; written += count) {
            count = system_call(64, 1, (char *)answers + written, records * sizeof *answers - written);
            if (count <= 0)
                quit(2);
        }
        if (records < BATCH)
            quit(0);
    }
}

asm(".globl _start\n_start:\n andi sp, sp, -16\n call run\n");

/* The integer mix of `sosia bench machine`: one program a build, chosen by -DPROGRAM=name. Sizes make each repetition some
   100 to 300 million steps. */

#include "harness.h"

static u32 words[1 << 18];
static u8 bytes[1 << 22];

u64 crc32(void)
{
    static u32 table[256];
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320U ^ (c >> 1) : c >> 1;
        table[i] = c;
    }
    u32 crc = ~0U;
    for (u32 i = 0; i < 1 << 16; i++)
        bytes[i] = next();
    for (int round = 0; round < 300; round++)
        for (u32 i = 0; i < 1 << 16; i++)
            crc = table[(crc ^ bytes[i]) & 255] ^ (crc >> 8);
    return ~crc;
}

static void sort(u32 *a, long from, long to)
{
    while (from < to) {
        u32 pivot = a[(from + to) / 2];
        long i = from, j = to;
        while (i <= j) {
            while (a[i] < pivot)
                i++;
            while (a[j] > pivot)
                j--;
            if (i <= j) {
                u32 t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        sort(a, from, j);
        from = i;
    }
}

u64 quicksort(void)
{
    u64 sum = 0;
    for (int round = 0; round < 4; round++) {
        for (u32 i = 0; i < 1 << 18; i++)
            words[i] = next();
        sort(words, 0, (1 << 18) - 1);
        for (u32 i = 0; i < 1 << 18; i++)
            sum = sum * 31 + words[i];
    }
    return sum;
}

u64 sieve(void)
{
    u64 primes = 0;
    for (int round = 0; round < 5; round++) {
        for (u64 i = 0; i < sizeof bytes; i++)
            bytes[i] = 1;
        for (u64 i = 2; i * i < sizeof bytes; i++)
            if (bytes[i])
                for (u64 j = i * i; j < sizeof bytes; j += i)
                    bytes[j] = 0;
        for (u64 i = 2; i < sizeof bytes; i++)
            primes += bytes[i];
    }
    return primes;
}

u64 matrix(void)
{
    enum { N = 160 };
    static u32 a[N][N], b[N][N], c[N][N];
    u64 sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = next();
            b[i][j] = next();
        }
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                u32 dot = 0;
                for (int k = 0; k < N; k++)
                    dot += a[i][k] * b[k][j];
                c[i][j] = dot;
            }
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                sum += c[i][j];
                a[i][j] ^= c[j][i];
            }
    }
    return sum;
}

NOINLINE static u64 fibonacci(u64 n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

u64 fib(void)
{
    return fibonacci(35);
}

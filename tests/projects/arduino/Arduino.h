/* What the sketch uses of Arduino. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdint.h>
#include <stdio.h>

void setup(void);
void loop(void);

inline void delay(unsigned) {}

struct Port {
    void begin(unsigned) {}
    explicit operator bool() const { return true; }
    void print(const char *text) { printf("%s", text); }
    void println(const char *text) { printf("%s\n", text); }
    void println(long number) { printf("%ld\n", number); }
    void println(unsigned number) { printf("%u\n", number); }
};

extern Port Serial;

#endif

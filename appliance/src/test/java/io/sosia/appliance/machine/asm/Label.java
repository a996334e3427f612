package io.sosia.appliance.machine.asm;

/// A place in a program, to jump to.
public final class Label {
    int at = -1;
}

package io.sosia.appliance.machine.translate;

/// Guest code as one method of JVM bytecode: basic blocks of one or a few pages, entered at the first.
///
/// What it computes is a function of the guest's registers and memory alone; which virtual page it is entered at is an
/// argument, so that it serves every mapping of the same physical page.
public abstract class Region {

    /// The batch that its class was defined in, and its place there.
    Batch batch;
    int place;
    /// Where it begins in RAM, in halfwords.
    int begin = -1;
    /// Its number among those in use, see [Batches].
    int number = -1;
    /// What else there is to it, when it is in use.
    Held held;

    /// Executes from the first block on.
    ///
    /// @param base   virtual address of the page that the first block lies in
    /// @param left   steps that may be executed; when too few for the way through, and whenever below zero, nothing is touched at all
    /// @param tables the table of readable pages, behind which that of the writable ones lies
    /// @return steps left; [Handover#pc] tells the next instruction. `left` when nothing was executed
    public abstract int run(long base, int left, long tables);
}

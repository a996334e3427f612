package io.sosia.appliance.machine.exec;

/// What an interpreter knows of the code that has been translated: where [io.sosia.appliance.machine.isa.Op#TRANSLATED] stands in
/// the place of a decoded instruction, it has this run it.
public interface TranslatedCode {

    /// Nothing is ever translated.
    TranslatedCode NONE = new TranslatedCode() {
        @Override
        public int run(int page, int slot, long pc, long limit, int left) {
            return left;
        }

        @Override
        public long pc() {
            throw new IllegalStateException("nothing was translated");
        }

        @Override
        public long original(int page, int slot) {
            throw new IllegalStateException("nothing was translated");
        }

        @Override
        public void hot(int page, int slot, long pc) {}

        @Override
        public short heatMax() {
            return Short.MAX_VALUE;
        }
    };

    /// Executes translated code from `pc` on, for `left` steps at most; afterwards the hart may want attention.
    ///
    /// @param page  RAM page of `pc`
    /// @param slot  the place in it
    /// @param limit the step at which `left` is zero
    /// @return how many steps are left; `left` if the code could not even begin: the instruction is the interpreter's
    int run(int page, int slot, long pc, long limit, int left);

    /// Where [#run] stopped.
    long pc();

    /// The instruction in whose place the sign stands.
    long original(int page, int slot);

    /// Told that a slot has been jumped to [#heatMax] times since it was cold.
    void hot(int page, int slot, long pc);

    /// How often a slot is jumped to before it is called hot, 1 or more.
    short heatMax();
}

package io.sosia.appliance.machine.translate;

import java.lang.classfile.ClassFile;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/// Writes the class of a [Dispatcher] that knows its regions, and calls each directly.
///
/// A virtual call looks at the object, its class and its method before it comes to the code: three places of their own for each region,
/// which the host's caches have no room for beside the code of thousands. A table of jumps and a call take 40 bytes.
final class DispatcherCompiler {

    /// How the classes' simple names begin.
    static final String NAME = "Direct";

    private static final ClassDesc DISPATCHER = ClassDesc.of(Dispatcher.class.getName());
    private static final ClassDesc REGIONS = ClassDesc.of(Region.class.getName()).arrayType();
    private static final MethodTypeDesc INIT = MethodTypeDesc.of(ConstantDescs.CD_void, REGIONS);
    private static final MethodTypeDesc RUN = MethodTypeDesc.ofDescriptor("(JIJI)I");

    // Local variables: `this` and the arguments.
    private static final int BASE = 1;
    private static final int LEFT = 3;
    private static final int TABLES = 4;
    private static final int PLACE = 6;

    private DispatcherCompiler() {}

    /// The class file of a dispatcher.
    ///
    /// @param name    how the class's simple name ends
    /// @param regions those it knows, from the first place on
    static byte[] compile(String name, List<Region> regions) {
        ClassDesc self = ClassDesc.of(Dispatcher.class.getPackageName(), NAME + name);
        return ClassFile.of(ClassFile.DebugElementsOption.DROP_DEBUG).build(self, type -> type
                .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
                .withSuperclass(DISPATCHER)
                .withMethodBody(ConstantDescs.INIT_NAME, INIT, ClassFile.ACC_PUBLIC, init -> init
                        .aload(0).aload(1).invokespecial(DISPATCHER, ConstantDescs.INIT_NAME, INIT).return_())
                .withMethodBody(RegionCompiler.METHOD, RUN, ClassFile.ACC_PUBLIC, code -> {
                    List<SwitchCase> cases = new ArrayList<>();
                    for (int place = 0; place < regions.size(); place++) {
                        cases.add(SwitchCase.of(place, code.newLabel()));
                    }
                    Label others = code.newLabel();
                    code.iload(PLACE).tableswitch(others, cases);
                    for (SwitchCase each : cases) {
                        ClassDesc region = ClassDesc.of(regions.get(each.caseValue()).getClass().getName());
                        code.labelBinding(each.target()).getstatic(region, RegionCompiler.ONLY, region);
                        code.lload(BASE).iload(LEFT).lload(TABLES);
                        code.invokevirtual(region, RegionCompiler.METHOD, RegionCompiler.RUN).ireturn();
                    }
                    code.labelBinding(others).aload(0).lload(BASE).iload(LEFT).lload(TABLES).iload(PLACE);
                    code.invokespecial(DISPATCHER, RegionCompiler.METHOD, RUN).ireturn();
                }));
    }
}

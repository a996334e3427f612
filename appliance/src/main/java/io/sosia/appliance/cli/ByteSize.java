package io.sosia.appliance.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// A number of bytes as an operator writes it: `256M`, `1G`, `65536K`.
final class ByteSize implements ITypeConverter<Long> {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,12})([KMG])i?B?", Pattern.CASE_INSENSITIVE);

    @Override
    public Long convert(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new TypeConversionException("'" + text + "' is not a size (wanted: a number with K, M or G, like 256M)");
        }
        int shift = switch (Character.toUpperCase(parts.group(2).charAt(0))) {
            case 'K' -> 10;
            case 'M' -> 20;
            default -> 30;
        };
        return Long.parseLong(parts.group(1)) << shift;
    }
}

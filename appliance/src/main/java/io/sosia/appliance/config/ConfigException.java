package io.sosia.appliance.config;

/// A configuration that cannot be used. The message names file, key and remedy.
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    public ConfigException(String message) {
        super(message);
    }
}

package io.sosia.appliance.attach;

import java.util.LinkedHashMap;
import java.util.Map;

/// Which port of a switch a station was last heard on (IEEE 802.1D, 7.8), bounded: the station silent for longest is
/// forgotten.
///
/// A station moves to the port that last sent with its address: that is how the survivor of a pair takes a guest's
/// address over.
///
/// @param <P> a port, compared by identity
final class MacTable<P> {
    private final LinkedHashMap<Long, P> ports;

    /// @param stationsMax addresses remembered at most
    MacTable(int stationsMax) {
        this.ports = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Long, P> eldest) {
                return size() > stationsMax;
            }
        };
    }

    /// Remembers that `station` sent from `port`. Group addresses are no station and are ignored.
    ///
    /// @return true when the station was known on another port before
    boolean learn(long station, P port) {
        if (MacAddress.isGroup(station)) {
            return false;
        }
        P before = ports.put(station, port);
        return before != null && before != port;
    }

    /// The port of a station, or null when it must be flooded: unknown, or a group address.
    P find(long station) {
        return ports.get(station);
    }

    /// Forgets all stations of a port that went away.
    void forget(P port) {
        ports.values().removeIf(other -> other == port);
    }
}

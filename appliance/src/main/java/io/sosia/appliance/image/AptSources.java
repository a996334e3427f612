package io.sosia.appliance.image;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// Reads the host's apt configuration for the mirrors that serve Debian, and writes the configuration of an apt of our
/// own beside it. Decides only; [DebianArchive] runs apt.
final class AptSources {

    private static final Pattern MIRROR = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:[!-~&&[^\\[\\]\"]]{1,500}");

    private AptSources() {}

    /// Mirrors that serve Debian's main section, best first, each once, without a closing slash.
    ///
    /// An entry counts when its signed release names Debian as origin and label (which leaves out the security
    /// archive: it has no complete distribution), or, on a host that has not fetched its lists yet, when its address
    /// ends in `/debian`. Discs are left out.
    ///
    /// @param indexTargets what `apt-get indextargets "Created-By: Packages"` printed: stanzas of "Field: value"
    static List<String> debianMirrors(String indexTargets) {
        Set<String> known = new LinkedHashSet<>();
        Set<String> guessed = new LinkedHashSet<>();
        for (Map<String, String> target : stanzas(indexTargets)) {
            String uri = target.getOrDefault("Repo-URI", "").replaceAll("/+$", "");
            if (!target.getOrDefault("Component", "").equals("main")
                    || uri.startsWith("cdrom:")
                    || !MIRROR.matcher(uri).matches()) {
                continue;
            }
            if (target.containsKey("Origin") || target.containsKey("Label")) {
                if (target.getOrDefault("Origin", "").equals("Debian")
                        && target.getOrDefault("Label", "").equals("Debian")) {
                    known.add(uri);
                }
            } else if (uri.endsWith("/debian")) {
                guessed.add(uri);
            }
        }
        known.addAll(guessed);
        return List.copyOf(known);
    }

    /// Whether apt takes this as the address of a mirror: a scheme, then printable characters without spaces, brackets
    /// or quotes.
    static boolean isMirror(String uri) {
        return MIRROR.matcher(uri).matches();
    }

    /// The one line of a sources list.
    ///
    /// @param mirror address without closing slash
    /// @param suite directory under `dists`
    /// @param keyring file whose keys may sign the release
    static String sourcesLine(String mirror, String suite, String keyring) {
        return "deb [arch=riscv64 target=Packages signed-by=" + keyring + "] " + mirror + " " + suite + " main\n";
    }

    /// Configuration that apt reads after the host's own: its own state and cache, no architecture but riscv64, none
    /// of the host's sources, pins, keys or hooks. What the host says of proxies, certificates and credentials stays.
    ///
    /// @param directory an absolute path without quotes or line ends; holds `state`, `cache`, `sources.list`
    static String configuration(String directory) {
        if (!directory.startsWith("/") || directory.chars().anyMatch(c -> c == '"' || c < ' ')) {
            throw new IllegalArgumentException("apt cannot work in " + directory);
        }
        return """
                #clear APT::Architectures;
                #clear APT::Update::Pre-Invoke;
                #clear APT::Update::Post-Invoke;
                #clear APT::Update::Post-Invoke-Success;
                #clear APT::NeverAutoRemove;
                #clear DPkg::Pre-Invoke;
                #clear DPkg::Post-Invoke;
                #clear DPkg::Pre-Install-Pkgs;
                APT::Architecture "riscv64";
                APT::Architectures { "riscv64"; };
                APT::Default-Release "";
                APT::Install-Recommends "false";
                APT::Install-Suggests "false";
                APT::Get::List-Cleanup "false";
                APT::Get::AllowUnauthenticated "false";
                APT::Sandbox::User "";
                APT::Update::Error-Mode "any";
                Acquire::AllowInsecureRepositories "false";
                Acquire::AllowWeakRepositories "false";
                Acquire::AllowDowngradeToInsecureRepositories "false";
                Acquire::Retries "3";
                Dir::State "@/state";
                Dir::State::lists "lists/";
                Dir::State::status "@/state/status";
                Dir::Cache "@/cache";
                Dir::Cache::archives "archives/";
                Dir::Etc::sourcelist "@/sources.list";
                Dir::Etc::sourceparts "/dev/null";
                Dir::Etc::preferences "/dev/null";
                Dir::Etc::preferencesparts "/dev/null";
                Dir::Etc::trusted "/dev/null";
                Dir::Etc::trustedparts "/dev/null";
                """.replace("@", directory);
    }

    /// Stanzas of "Field: value" lines, separated by blank lines.
    static List<Map<String, String>> stanzas(String text) {
        List<Map<String, String>> all = new ArrayList<>();
        Map<String, String> current = new LinkedHashMap<>();
        for (String line : (text + "\n\n").lines().toList()) {
            int colon = line.indexOf(": ");
            if (colon > 0) {
                current.put(line.substring(0, colon), line.substring(colon + 2).strip());
            } else if (line.isBlank() && !current.isEmpty()) {
                all.add(current);
                current = new LinkedHashMap<>();
            }
        }
        return all;
    }
}

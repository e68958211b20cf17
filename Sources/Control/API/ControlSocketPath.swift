import Foundation

/// Where the control socket is, by the rule that daemon and tool share.
public enum ControlSocketPath {
    /// Where a system-wide daemon has it (RuntimeDirectory=fitnessd in its unit).
    public static let system = "/run/fitnessd/control.sock"

    /// The daemon's choice: `FITNESSD_CONTROL_SOCKET`, else `$RUNTIME_DIRECTORY/control.sock`, else `$XDG_RUNTIME_DIR/fitnessd/control.sock`,
    /// else `control.sock` in `stateDirectory`.
    ///
    /// - Parameter stateDirectory: the configured one; nil takes its default rule (`$STATE_DIRECTORY`, `$XDG_STATE_HOME/fitnessd`,
    ///   `~/.local/state/fitnessd`).
    public static func daemon(environment: [String: String], stateDirectory: String? = nil) -> String {
        candidates(environment: environment, stateDirectory: stateDirectory)[0]
    }

    /// The tool's choice: what is set, else the first of the daemon's places and the system's where something is, or may be but can't be
    /// seen by this user, else the daemon's.
    ///
    /// - Parameter system: where a system-wide daemon has it; another place in tests.
    public static func tool(environment: [String: String], system: String = system) -> String {
        let places = candidates(environment: environment, stateDirectory: environment["FITNESSD_STATE_DIR"])
        if isSet(environment["FITNESSD_CONTROL_SOCKET"]) { return places[0] }
        return (places + [system]).first(where: mayBeThere) ?? places[0]
    }

    /// A folder that only the daemon's group may enter hides whether something is in it (EACCES).
    private static func mayBeThere(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 || errno == EACCES
    }

    private static func candidates(environment: [String: String], stateDirectory: String?) -> [String] {
        func value(_ key: String) -> String? { environment[key].flatMap { isSet($0) ? $0 : nil } }
        // systemd gives several folders with colons between them; the first is the unit's own.
        func folder(_ key: String) -> String? { value(key)?.split(separator: ":").first.map(String.init) }
        let state =
            stateDirectory ?? value("FITNESSD_STATE_DIR") ?? folder("STATE_DIRECTORY") ?? value("XDG_STATE_HOME").map { $0 + "/fitnessd" }
            ?? (value("HOME") ?? NSHomeDirectory()) + "/.local/state/fitnessd"
        let places = [
            value("FITNESSD_CONTROL_SOCKET"), folder("RUNTIME_DIRECTORY").map { $0 + "/control.sock" },
            value("XDG_RUNTIME_DIR").map { $0 + "/fitnessd/control.sock" }, state + "/control.sock",
        ]
        return places.compactMap { $0 }
    }

    private static func isSet(_ text: String?) -> Bool { text?.isEmpty == false }
}

import Foundation

/// Where the control socket is: the rule that daemon and tool share.
public enum ControlSocketPath {
    /// The socket of a system-wide daemon (RuntimeDirectory=fitnessd in its unit).
    public static let system = "/run/fitnessd/control.sock"

    /// The daemon's socket: `FITNESSD_CONTROL_SOCKET`, else `$RUNTIME_DIRECTORY/control.sock`, else `$XDG_RUNTIME_DIR/fitnessd/control.sock`,
    /// else `control.sock` in `stateDirectory`.
    ///
    /// - Parameter stateDirectory: the configured one; nil: the default (`$STATE_DIRECTORY`, `$XDG_STATE_HOME/fitnessd`,
    ///   `~/.local/state/fitnessd`).
    public static func daemon(environment: [String: String], stateDirectory: String? = nil) -> String {
        candidates(environment: environment, stateDirectory: stateDirectory)[0]
    }

    /// The socket for the tool: the configured one, else the first of the daemon's and the system's candidates that exists or may exist where
    /// this user can't look, else the daemon's.
    ///
    /// - Parameter system: the socket of a system-wide daemon; tests pass another one.
    public static func tool(environment: [String: String], system: String = system) -> String {
        let paths = candidates(environment: environment, stateDirectory: environment["FITNESSD_STATE_DIR"])
        if isSet(environment["FITNESSD_CONTROL_SOCKET"]) { return paths[0] }
        return (paths + [system]).first(where: mayExist) ?? paths[0]
    }

    /// Whether something exists in a folder that only the daemon's group may enter can't be seen (EACCES).
    private static func mayExist(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 || errno == EACCES
    }

    private static func candidates(environment: [String: String], stateDirectory: String?) -> [String] {
        func value(_ key: String) -> String? { environment[key].flatMap { isSet($0) ? $0 : nil } }
        // systemd separates several folders with colons; the first is the unit's own.
        func folder(_ key: String) -> String? { value(key)?.split(separator: ":").first.map(String.init) }
        let state =
            stateDirectory ?? value("FITNESSD_STATE_DIR") ?? folder("STATE_DIRECTORY") ?? value("XDG_STATE_HOME").map { $0 + "/fitnessd" }
            ?? (value("HOME") ?? NSHomeDirectory()) + "/.local/state/fitnessd"
        let paths = [
            value("FITNESSD_CONTROL_SOCKET"), folder("RUNTIME_DIRECTORY").map { $0 + "/control.sock" },
            value("XDG_RUNTIME_DIR").map { $0 + "/fitnessd/control.sock" }, state + "/control.sock",
        ]
        return paths.compactMap { $0 }
    }

    private static func isSet(_ text: String?) -> Bool { text?.isEmpty == false }
}

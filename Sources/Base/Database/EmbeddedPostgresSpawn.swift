import CSpawn
import Foundation

/// One posix_spawn(3): a clean environment, `/` as folder, no input, both outputs into a pipe, a session of its own.
struct EmbeddedPostgresSpawn {
    /// First the program's absolute path.
    let arguments: [String]

    /// `LC_ALL=C`, so that messages can be understood in a report; secrets in our own environment stay here.
    private static let environment = ["LC_ALL=C", "TZ=UTC", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
    /// From spawn.h. A session of its own keeps a terminal's Ctrl-C from reaching the server before we have finished with it.
    private static let newSession: Int32 = 0x80

    func run() throws -> (pid: pid_t, output: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw failure(errno) }
        defer { close(ends[1]) }
        var pid: pid_t = 0
        let result = withActions(output: ends[1]) { actions in
            withAttributes { attributes in
                Self.withCStrings(arguments) { argv in
                    Self.withCStrings(Self.environment) { envp in
                        posix_spawn(&pid, arguments[0], actions, attributes, argv, envp)
                    }
                }
            }
        }
        guard result == 0 else {
            close(ends[0])
            throw failure(result)
        }
        return (pid, ends[0])
    }

    private func failure(_ code: Int32) -> DatabaseError {
        DatabaseError(.embedded, "can't start \(arguments[0]): \(String(cString: strerror(code)))")
    }

    private func withActions<R>(output: Int32, _ body: (UnsafePointer<posix_spawn_file_actions_t>) -> R) -> R {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addchdir_np(&actions, "/")
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        return body(&actions)
    }

    /// Services ignore or block signals to handle them elsewhere; both would be inherited and leave a server that can't be stopped.
    private func withAttributes<R>(_ body: (UnsafePointer<posix_spawnattr_t>) -> R) -> R {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK) | Self.newSession))
        return body(&attributes)
    }

    private static func withCStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
        let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }
}

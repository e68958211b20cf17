import NIOExtras
import NIOPosix
import Synchronization

/// The listening sockets of the control server: the one in use, and those whose files were removed and that still have connections.
final class ControlDoors: Sendable {
    private struct State {
        var socket: ControlSocket
        var current: ServerQuiescingHelper?
        var isClosed = false
    }

    private let state: Mutex<State>

    init(_ socket: ControlSocket) { state = Mutex(State(socket: socket)) }

    /// The one in use.
    var socket: ControlSocket { state.withLock { $0.socket } }

    /// A new door in place of the one before, which takes nobody any more and ends with its last connection.
    func open(_ socket: ControlSocket) -> ServerQuiescingHelper {
        let door = ServerQuiescingHelper(group: MultiThreadedEventLoopGroup.singleton)
        let (former, isClosed) = state.withLock { state in
            defer { (state.socket, state.current) = (socket, door) }
            return (state.current, state.isClosed)
        }
        former?.initiateShutdown(promise: nil)
        if isClosed { door.initiateShutdown(promise: nil) }
        return door
    }

    /// Requests under way end, no new ones are taken.
    func close() {
        state.withLock { state in
            state.isClosed = true
            return state.current
        }?.initiateShutdown(promise: nil)
    }
}

import HTTPTransport

extension StravaError {
    /// A call that got no complete answer.
    init(transport: HTTPTransportError, endpoint: String) {
        let code: Code =
            switch transport.code {
            case .cancelled: .cancelled
            case .bodyTooLarge: .unreadable
            case .malformed: transport.mayHaveReachedServer ? .unreadable : .network
            case .resolve, .connect, .tls, .timeout, .reset: .network
            case .queueFull, .closed: .busy
            }
        let reach: Reach =
            if transport.code == .bodyTooLarge { .yes } else { transport.mayHaveReachedServer ? .unknown : .no }
        self.init(code: code, reachedStrava: reach, endpoint: endpoint, transport: transport)
    }
}

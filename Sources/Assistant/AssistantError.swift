import Core

/// Why assistants can't be answered at all.
public enum AssistantError: AdvisedError {
    /// The folder or one of its files can't be read.
    case unreadableQuestions(String)
    /// A file of `sql/dashboards` lacks its header.
    case malformedFile(String)

    public var description: String {
        switch self {
        case .unreadableQuestions(let path):
            "the questions of assistants can't be read from \(path): install sql/dashboards beside sql/silver"
        case .malformedFile(let name): "sql/dashboards/\(name).sql lacks the header that sql/dashboards/README.md describes"
        }
    }

    public var retryAdvice: RetryAdvice { .never }
}

/// Why a tool has no result: a sentence that lets a model mend its call.
struct ToolFault: Error {
    let sentence: String
    /// What was asked for may be there, and left out.
    let mayBeHidden: Bool

    init(_ sentence: String, mayBeHidden: Bool = false) {
        self.sentence = sentence
        self.mayBeHidden = mayBeHidden
    }
}

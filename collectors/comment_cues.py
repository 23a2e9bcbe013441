"""Words and turns of phrase by which review comments are told apart. English; the commonest ones of five more languages.

Matching is case-blind on lower-case text. A *strong* cue names what is asked for ("add a test"), a plain one only what is
spoken about; `comment_kind` counts a strong one as two more. Gaps are bounded, so that matching is linear.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["APPROVAL", "CONTRAST", "CUES", "FILLER", "LABELS", "NEGATED", "QUESTION_OPENER", "REPLY", "STRONG"]


def _any(latin: str, other: str = "") -> re.Pattern[str]:
    """Alternatives as whole words (one per line), and ones of scripts that do not put spaces between words."""
    alternatives = "|".join(line.strip() for line in latin.strip().splitlines())
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)" + (f"|{other}" if other else ""))


CUES: Final = {
    "security": _any(
        r"""
        security|insecure|vulnerab\w+|exploit\w*|attack\w*|malicious|untrusted|owasp|cve-\d+|cve
        (?:sql|code|command|shell|prompt|template|log) injection|injection attack|xss|csrf|ssrf|rce|man in the middle
        sanitiz\w+|sanitis\w+|unescaped|html[- ]escap\w+|path traversal|directory traversal
        secrets?|credentials?|passwords?|private keys?|(?:api|access) (?:keys?|tokens?)|bearer|plain ?text|in the clear
        tokens? (?:\w+ ){0,5}(?:logs?|logged|leaks?|leaked|plain|url|printed|committed)
        privilege\w*|permission checks?|authori[sz]ation|unauthori[sz]ed|unauthenticated
        timing attack|constant[- ]time|certificate (?:verification|validation|checks?)|tls verification|shell ?= ?true
        (?:anybody|anyone|nobody|a guest|(?:any|every) (?:\S+ ){0,2}user)(?: \S+ \S+ \S+| on the \w+| \w+ \S+)? (?:can|could|may|should be able to|to) (?:read|see|open|call|delete|download|access|connect|write|change|edit|overwrite|run|list|reach|use it to)
        lets? (?:anybody|anyone|everybody|everyone|guests?|users?|somebody|an? \w+) (?:read|see|open|change|edit|delete|run|write|call|list)
        (?:read|seen?|open(?:ed)?|chang(?:e|ed)|edit(?:ed)?|delet(?:e|ed)|access(?:ed)?|wip(?:e|ed)|written|called|reach(?:ed|able)) by (?:everybody|everyone|anybody|anyone|others|all users)
        (?:read|see|open|change|edit|delete|access|list|get|use) (?:\w+ )?(?:someone|somebody|anyone|each other|another \w+|other \w+)(?: else)?(?:'s|s')
        other (?:tenant|customer|user|account|people)(?:s|'s|s')|impersonat\w*|spoof\w*|tamper\w*|hijack\w*|phish\w*|eavesdrop\w*|steal\w*|brute[- ]?force\w*
        (?:can|could|may) (?:be )?guess(?:ed)?|guessable|(?:limit|number) (?:on|of) (?:login )?attempts|rate[- ]limit (?:the |this )?(?:login|form|endpoint|attempts)
        (?:users?|visitors?) (?:can|could|may|might) (?:pass|send|supply|inject|enter|upload|put|type)(?! (?:none|null|nothing|zero|negative|an? empty))
        (?:run|execute|inject) (?:their|his|her|its|his or her|arbitrary) (?:own )?(?:commands?|code|scripts?)|any file type
        escape (?:this|it|them|user|all|every|html|before|the (?!loop|room|key|hatch))|(?:parameteri[sz]ed?|prepared) (?:query|queries|statements?)|bind (?:the |these )?(?:parameters|variables|values)
        (?:into|in) (?:the |a )?(?:sql|shell|command line)|(?:user|untrusted|unchecked) input|user[- ](?:supplied|controlled|provided)
        comes? (?:straight |directly |right )?from (?:the |a )?(?:client|user|form|browser|request|visitor|internet|outside)|(?:visitor|client|user|caller) (?:typed|entered|sets|controls|supplied)
        (?:don't|do not|never|can't|cannot|not) (?:be )?trust(?:ed)?(?: (?:the |this |that |any |what )?(?:headers?|clients?|callers?|browsers?|input|urls?|requests?|payloads?|users?|file ?names?|ids?))|redirect target|open redirects?
        md5|sha-?1|rc4|argon2|bcrypt|scrypt|salted|encrypt\w*|decrypt\w*|ciphers?|hmac|nonces?|https|constant time|(?:random|secure) tokens?|hash (?:it|them|this|the \w+) before
        (?:verif\w+|validat\w+) (?:\S+ ){0,3}signatures?|signatures? (?:\w+ ){0,2}(?:verified|checked)|check (?:the |its )signature before
        (?:admin|owner|ownership|tenant|origin) checks?|access control|write access|least privilege|too permissive|authenticat\w*|(?:without|before|after) logging in|admin (?:route|page|endpoint)
        (?:check|checks|verify|ensure|make sure)(?: that)? (?:\w+ ){1,4}(?:may|owns?|is allowed to|has access|is entitled to)|(?:requires?|needs?) (?:the |an? )?(?:\w+ )?(?:role|login|permissions?|rights)
        httponly|same ?site|(?:session|auth\w*) (?:cookies?|headers?|ids?)|cookies? (?:\w+ ){0,4}secure|sessions? (?:must|should|has to|have to|needs? to) expire|(?:invalidate|revoke|expire) (?:\w+ ){0,3}(?:sessions?|tokens?|keys?)
        redact\w*|scrub\w*|mask (?:the |this |all |every )?(?:\w+ )?(?:numbers?|e-?mails?|addresse?s?|tokens?|phones?|ibans?)|environment variables|card numbers?
        rotate (?:the |this |that |these |all )?(?:\w+ )?(?:keys?|tokens?)|the vault|keys? (?:\w+ ){0,4}(?:in|into|from) (?:the |a |our )?(?:history|repository|repo|image|logs?)
        world[- ](?:readable|writable|writeable)|drop (?:root|privileges)|as root|bind to localhost|cors|wildcard origin|host key|internal (?:address(?:es)?|hosts?|network)
        (?:known|trusted|listed) (?:hosts?|origins?|domains?)|entity expansion|external entit(?:y|ies)|xxe|zip (?:bomb|slip)|crafted (?:zip|archive|file|request|payload|url|header|message)
        outside (?:of )?(?:the |its )?(?:\w+ )?(?:folder|directory)|(?:disabl\w+|switch\w* off|turn\w* off|skip\w*|bypass\w*) (?:the )?(?:certificate|tls|ssl|auth\w*|permission|signature|origin)
        personal data|pii|executes? (?:arbitrary )?code|arbitrary code|remote code|pickle|redos|denial of service
        sicherheit\w*|unsicher|sécurité|faille|seguridad|vulnerabilidad|contraseñas?
        """,
        "安全|漏洞|注入|密码|脆弱性|セキュリティ|パスワード",
    ),
    "defect": _any(
        r"""
        bugs?|buggy|broken|breaks?|crash(?:es|ed|ing)?|blows? up|falls? over|hangs?|segfaults?|panics?|explodes?
        fails?|will fail|throws?|raises? (?:an? )?\w*(?:error|exception)|\w{2,30}(?:error|exception)|uncaught|unhandled
        wrong|wrongly|incorrect\w*|not correct|isn't right|not right|inverted|reversed|swapped|inconsistent|corrupt\w*
        off[- ]by[- ]one|(?:data )?races?|race condition|deadlocks?|live ?locks?|leak(?:s|ed|ing)?|overflows?|underflows?
        null pointer|npe|nan|undefined behaviou?r|infinite (?:loop|recursion)|out of (?:bounds|range|memory)
        divi(?:des?|sion|ding) by zero|stale|data loss|regression|edge cases?|corner cases?
        swallow(?:s|ed)?|silently|lost|loses?|dropped|drops? the|skipped|ignored|overwrit\w+|counted twice|called twice|two times
        never (?:be )?(?:called|closed|reached|released|awaited|set|true|runs?|returns?|resolves?|sleeps?|happens?|freed|cleared|reset)
        not (?:handled|checked|closed|released|initiali[sz]ed|awaited|thread[- ]?safe|atomic|idempotent|reset|cleared|zeroed|freed)
        isn't (?:handled|checked|closed|released|initiali[sz]ed|awaited|thread[- ]?safe|atomic|idempotent)
        (?:doesn't|does not|don't|do not|won't|cannot|can't) (?:\w+ )?(?:handle|work|check|account|compile|close|return|match|release|cope)
        (?:forgot|forgets|forgotten) to|missing (?:await|null check|check|return|lock|break|commit|rollback|timeout|error handling)
        (?:can|could|may|might|will|would) be (?:none|null|nil|empty|nan|negative|undefined)|at the same time
        (?:if|when|for|on) (?:\S+ ){1,4}(?:is|are|was|be) (?:none|null|nil|empty|nan|zero|negative|missing)|no transaction
        fehler\w*|falsch\w*|kaputt|abst[uü]rz\w*|stürzt|bogue|planter?|cassée?|erreur|fallos?|falla|se rompe|incorrecto
        """,
        "错误|崩溃|空指针|死锁|泄漏|越界|溢出|バグ|クラッシュ|例外|落ち[るま]|デッドロック|リーク",
    ),
    "test": _any(
        r"""
        unit[- ]tests?|integration tests?|regression tests?|property tests?|tests? cases?|test suite|tests?|tested|testing
        untested|coverage|covered|assert(?:s|ed|ion|ions)?|fixtures?|mock(?:s|ed|ing)?|flaky|parametri[sz]e|fake clock
        happy path|snapshots?|pruebas?|tests? fehl\w+|tests? manqu\w+
        """,
        "测试|テスト",
    ),
    "design": _any(
        r"""
        designs?|architectur\w+|abstract\w*|coupl(?:ed|ing)|decoupl\w+|responsib\w+|separat(?:e|ed|ion) of|separate (?:module|class|function)
        extract\w*|refactor\w*|duplicat\w+|reus(?:e|ed|able)|depend(?:s|ency|encies) on|dependency|dependencies|layers?|interfaces?
        public api|encapsul\w+|belongs?|live in|(?:move|pull|put|hand|pass|keep) (?:this|it|that|the \w+)|pass the|own (?:function|module|class|file)
        simplif\w+|simpler|over-?engineer\w*|yagni|complex\w*|generic|inherit\w*|composition|patterns?|approach|instead|rather than|i'd rather
        breaking change|backwards?[- ]compat\w*|deprecat\w+|configurable|hard[- ]?cod(?:ed|ing)|global state|side effects?|pure
        scal(?:e|es|able|ability)|performance|quadratic|o\(n\S*|n\+1|inefficient|slow|expensive|prefetch|cache this|block(?:s|ing)? the
        split (?:this|it|up)|source of truth|single place|single responsibility|invariants?|state machine|already have|existing
        why not (?:just )?(?:use|make|have|let)|would (?:prefer|rather)|have you (?:thought|considered)|consider \w+ing
        parameter list|too many (?:arguments|parameters)|dead code|redundant|auslagern|entwurf|conception|diseño
        """,
        "重构|设计|抽象|耦合|設計|リファクタ|共通化|切り出",
    ),
    "style": _any(
        r"""
        nits?|nitpick\w*|picky|typos?|spelling|misspel\w+|grammar|wording|reword|rephrase|rename\w*|naming|names?|variable name
        indent\w*|white ?spaces?|trailing spaces?|spaces?|blank lines?|new ?lines?|empty lines?|line (?:is )?too long|line length
        format(?:ting|ted|ter)?|lint\w*|pep ?8|black|ruff|isort|prettier|gofmt|clang-format|camel ?case|snake_case|upper ?case|lower ?case
        capital\w*|docstrings?|punctuation|full stop|period|commas?|semicolons?|quotes|alphabetical\w*|braces|unused imports?
        imports? (?:are|is|not|order|should)|sort (?:the |these )?imports|consistency|readab\w+|f-strings?|the comment (?:above|here|below)
        tippfehler|umbenennen|einrückung|faute de frappe|coquille|renommer|errata|renombrar
        s/[^/\s]{1,60}/[^/\s]{0,60}/?
        """,
        "命名|拼写|格式|缩进|誤字|タイポ|インデント|フォーマット",
    ),
}
"""Per kind what speaks for it. Order: `comment_kind.PRECEDENCE`."""

STRONG: Final = {
    "defect": _any(
        r"what (?:happens|if)|will (?:crash|fail|break)|this (?:crashes|fails|breaks)|off[- ]by[- ]one|deadlock"
    ),
    "test": _any(
        r"""
        (?:add|write|include|extend|need|needs|missing|have|want|without|see|cover\w*)(?: \S+){0,8} tests?
        (?:is|are|was) (?:this|that|it|these) (?:covered|tested)|untested|only tests|flaky
        (?:fehlt|fehlen) (?:ein |der |die )?tests?|manque (?:un )?tests?|falta(?:n)? (?:una? )?(?:test|prueba)s?
        """
    ),
    "style": _any(r"nits?|nitpick\w*|typos?|rename|reword|rephrase|trailing white ?space|blank lines?|line too long"),
}
"""Cues that count for two more."""

QUESTION_OPENER: Final = _any(
    r"""
    why|what|how|when|where|who|which|is there a reason|do we know|just curious|curious|can you (?:explain|say)|could you (?:explain|clarify)
    i (?:don't|do not) (?:quite )?understand|am i|did you|does|warum|wieso|weshalb|wozu|pourquoi|comment|por qué|cómo
    """,
    "为什么|怎么|なぜ|どうして|でしょうか",
)
"""Ways in which a question begins, or says that it is one."""

LABELS: Final = re.compile(
    r"(nit|nitpick|typo|style|minor|praise|question|thought|suggestion|issue|bug|security|test|tests|todo|note|chore)"
    r"(?: ?\([\w, -]{1,40}\))?:"
)
"""Labels by which reviewers say themselves what follows, as conventional comments have them."""

APPROVAL: Final = _any(
    r"""
    lgtm\d*|sgtm|looks? (?:\w+ )?(?:good|great|fine|ok|okay|nice|perfect|right|correct)|good to go|ship it|shipit|approv(?:ed|ing|e)|\+1|\+2
    (?:very |so |really |super )?(?:nice|great|good|clean|neat|solid|excellent|awesome|amazing|perfect|fantastic|lovely|brilliant)
    well done|all good|love (?:it|this)|i like (?:it|this|that)|good job|nothing to add|no (?:further |more )?(?:comments|objections|concerns)
    happy (?:with|to merge)|fine (?:by|with) me|works for me|go ahead|feel free to merge|so much better
    sieht (?:sehr )?(?:gut|super) aus|passt(?: so| für mich)?|gut so|prima|freigegeben|alles klar
    ça me va|c'est (?:tout )?bon|bon pour moi|tout est bon|nickel|parfait|approuvé|très bien
    me parece bien|se ve (?:muy )?bien|todo bien|aprobado|perfecto|está (?:muy )?bien|buen trabajo
    """,
    "没问题|沒問題|看起来(?:不错|很好)|可以合并|同意合并|赞|批准|問題(?:ありません|ない|なさそう)|[よ良]さそう|いいと思います|承認",
)
"""Consent and praise."""

CONTRAST: Final = _any(
    r"""
    but|however|except|though|although|unless|once|after|before (?:we|you|merging)|provided|apart from|one (?:thing|nit|question)|please|still
    should|could|(?:isn't|is not|aren't|are not|not) (?:\w+ )?(?:good|great|right|clean|fine|ok|nice)|aber|jedoch|mais|cependant|pero|sin embargo
    """,
    "但|ただ",
)
"""What takes consent back, or makes it depend on something."""

REPLY: Final = re.compile(
    r"(?:ok(?:ay)?,? |good (?:point|catch)[,.! ]+|thanks[,.! ]+|yes,? |right,? |ah,? |i(?:'ve| have)? |have )?"
    r"(?:done|fixed|added|updated|removed|renamed|changed|moved|addressed|rebased|resolved|reverted|merged|pushed|closing|closed|"
    r"will (?:do|fix|add)|i'll|i will|i'm|ack|acknowledged|ping|same here|erledigt|behoben|corrigé|fait|hecho|corregido)(?!\w)"
)
"""How authors answer, at the beginning of a sentence: what is reported as done is no remark on somebody's change."""

NEGATED: Final = re.compile(
    r"(?<!\w)(?:not an?|isn't an?|no|without(?: any)?) (?:\w+ )?(?:bugs?|issues?|problems?|errors?|security|regressions?|tests? fail)(?!\w)"
)
"""What is said not to be there."""

FILLER: Final = re.compile(r"(?<!\w)(?:thanks?(?: you)?|thx|danke|merci|gracias|cheers|cc|ty)(?!\w)|谢谢|ありがとう")
"""Politeness."""

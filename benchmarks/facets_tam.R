# One TAM fit for facets.py: Rscript facets_tam.R RATINGS.csv OUT.json. CPU seconds of the fit alone; marginal maximum likelihood, 21 nodes.
arguments <- commandArgs(trailingOnly = TRUE)
suppressMessages(library(TAM))
ratings <- read.csv(arguments[1])
wide <- reshape(ratings, idvar = c("person", "rater"), timevar = "item", direction = "wide")
items <- grep("^score", names(wide), value = TRUE)
start <- proc.time()
fit <- tam.mml.mfr(
  resp = wide[, items], facets = data.frame(rater = wide$rater), formulaA = ~ item + rater + step, pid = wide$person,
  control = list(nodes = seq(-6, 6, len = 21), maxiter = 300, progress = FALSE)
)
cpu <- sum((proc.time() - start)[c("user.self", "sys.self")])
rater <- fit$xsi.facets[fit$xsi.facets$facet == "rater", ]
status <- readLines("/proc/self/status")
peak <- as.numeric(gsub("[^0-9]", "", grep("^VmHWM", status, value = TRUE))) / 1024
entries <- function(name, value) paste0('"', name, '": ', format(value, digits = 10, trim = TRUE), collapse = ", ")
cat(
  '{"cpu_s": ', cpu, ', "peak_mb": ', peak, ', "theta": {', entries(fit$person$pid, fit$person$EAP),
  '}, "severity": {', entries(gsub("[^0-9]", "", rater$parameter), rater$xsi), "}}",
  sep = "", file = arguments[2]
)

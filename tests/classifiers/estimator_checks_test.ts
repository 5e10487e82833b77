import { Svc } from "deep-features";
import {
  KNeighborsClassifier,
  LinearSvc,
  LogisticRegression,
  RandomForestClassifier,
} from "deep-features/classifiers";
import { checkEstimator } from "../helpers/estimator_checks.ts";

checkEstimator({
  name: "KNeighborsClassifier",
  create: () => new KNeighborsClassifier(),
  construct: (options) => new KNeighborsClassifier(options),
  load: KNeighborsClassifier.load,
  decide: (estimator, X) => (estimator as KNeighborsClassifier).predictProba(X),
});
checkEstimator({
  name: "RandomForestClassifier",
  create: () => new RandomForestClassifier({ nEstimators: 20 }),
  construct: (options) => new RandomForestClassifier(options),
  load: RandomForestClassifier.load,
  decide: (estimator, X) => (estimator as RandomForestClassifier).predictProba(X),
});
checkEstimator({
  name: "LogisticRegression",
  create: () => new LogisticRegression(),
  construct: (options) => new LogisticRegression(options),
  load: LogisticRegression.load,
  decide: (estimator, X) => (estimator as LogisticRegression).decisionFunction(X),
});
checkEstimator({
  name: "LinearSvc",
  create: () => new LinearSvc(),
  construct: (options) => new LinearSvc(options),
  load: LinearSvc.load,
  decide: (estimator, X) => (estimator as LinearSvc).decisionFunction(X),
});
checkEstimator({
  name: "Svc",
  create: () => new Svc(),
  construct: (options) => new Svc(options),
  load: Svc.load,
  decide: (estimator, X) => (estimator as Svc).decisionFunction(X, { shape: "ovo" }),
});

-- Cases are found by their ids, one or many, always in the same way. Planning that anew for each action's ids took longer
-- than finding them.

ALTER FUNCTION stored_cases(bigint[], boolean) SET plan_cache_mode = force_generic_plan;

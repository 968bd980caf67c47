# Train, evaluate and sample recipes from a Makefile of your own:
#
#     RUNS := runs
#     include path/to/genkit.mk
#
#     $(eval $(call genkit-run,plain,gated_pixelcnn/digits))
#     $(eval $(call genkit-run,wide,gated_pixelcnn/digits,-o model.width=64,--temperature 0.9))
#
#     all: run-plain run-wide
#
# `make -j2 all` works on both at once and does nothing where nothing changed. For each NAME:
#
#     $(RUNS)/.make/NAME.trained            the run $(RUNS)/NAME has all its steps
#     $(RUNS)/NAME/evaluation/test.json     its evaluation
#     $(RUNS)/NAME/samples/final/job.json   its samples; grid.png lies beside it for images
#     run-NAME                              a phony target for the three
#
# A run is made again when its recipe, a recipe that this one extends, or its options change. A
# run that was stopped goes on where it stopped. A run whose recipe became another one is never
# overwritten: `genkit train` refuses and says what to do.
#
# A run that needs another run first: $(call genkit-trained,SECOND): $(call genkit-trained,FIRST)
#
# Many samples of a run, in shards that are drawn side by side and then put together:
#
#     $(eval $(call genkit-shards,many,$(RUNS)/plain,100000,8,--seed 3))
#     $(call genkit-shard-files,many,8): $(call genkit-trained,plain)
#
#     all: many/job.json
#
# A shard that was stopped goes on. With other options, or a run that was trained on, `genkit
# sample` refuses and says what to do: samples that took long are not thrown away by themselves.
# shards.mk does the same for a run that is there, without a Makefile of your own.

GENKIT ?= genkit
RUNS ?= runs
# Images, recordings, ... in samples/final; 0 for families with nothing to sample.
SAMPLES ?= 64
# What must be there before `genkit` can be called, such as an installation.
GENKIT_READY ?=
# Where recipes given by name lie, as far as make has to watch them.
GENKIT_RECIPES ?= $(patsubst %/jobs/genkit.mk,%,$(lastword $(MAKEFILE_LIST)))

# $(call genkit-name,RECIPE): a folder name for a recipe: no folders, no ending.
genkit-name = $(subst /,-,$(patsubst $(GENKIT_RECIPES)/%,%,$(patsubst %.yaml,%,$(1))))

# $(call genkit-trained,NAME): the file that says that a run is trained.
genkit-trained = $(RUNS)/.make/$(1).trained

# $(call genkit-files,RECIPE): the recipe's file and those that it extends, or is a study of.
genkit-files = $(foreach file,$(firstword $(wildcard $(1)) $(wildcard $(GENKIT_RECIPES)/$(1).yaml)),\
  $(file) $(foreach parent,$(shell sed -n -e 's/^extends:[[:space:]]*\([^[:space:]]*\).*/\1/p' -e 's/^recipe:[[:space:]]*\([^[:space:]]*\).*/\1/p' $(file) | tr -d \"\'),$(call genkit-files,$(parent))))

# $(call genkit-study,RECIPE): not empty for a study, which evaluates its cells by itself.
genkit-study = $(shell cat /dev/null $(call genkit-files,$(1)) | grep '^kind:[[:space:]]*study')

# $(call genkit-run,NAME,RECIPE[,TRAIN OPTIONS[,SAMPLE OPTIONS]])
define genkit-run
.PHONY: run-$(1) genkit-always
run-$(1): $(call genkit-trained,$(1))
ifeq ($(call genkit-study,$(2)),)
run-$(1): $(RUNS)/$(1)/evaluation/test.json
ifneq ($(SAMPLES),0)
run-$(1): $(RUNS)/$(1)/samples/final/job.json
endif
endif

# The options are part of what a run was made from: these files change only when they do.
$(RUNS)/.make/$(1).train-options: genkit-always
	@$$(call genkit-record,$(2) $(3))
$(RUNS)/.make/$(1).sample-options: genkit-always
	@$$(call genkit-record,-n $(SAMPLES) $(4))

$(call genkit-trained,$(1)): $(call genkit-files,$(2)) $(RUNS)/.make/$(1).train-options | $(GENKIT_READY)
	$(GENKIT) train $(2) --run $(RUNS)/$(1) $(3)
	@touch $$@

# (More steps by hand move the run's pointer, which is there once the run is.)
$(RUNS)/$(1)/evaluation/test.json $(RUNS)/$(1)/samples/final/job.json: $$(wildcard $(RUNS)/$(1)/checkpoints/latest)

$(RUNS)/$(1)/evaluation/test.json: $(call genkit-trained,$(1)) | $(GENKIT_READY)
	$(GENKIT) eval $(RUNS)/$(1) --split test
	@touch -c $$@

$(RUNS)/$(1)/samples/final/job.json: $(call genkit-trained,$(1)) $(RUNS)/.make/$(1).sample-options | $(GENKIT_READY)
	@$$(genkit-clear-stale)
	$(GENKIT) sample $(RUNS)/$(1) -n $(SAMPLES) $(4) --out $$(@D)
	@touch -c $$@
endef

# $(call genkit-shard-files,DIR,SHARDS): the files that say that shards are finished.
genkit-shard-files = $(foreach number,$(shell seq 0 $$(($(2) - 1))),$(1)/shards/$(number)-of-$(strip $(2)).json)

# $(call genkit-shards,DIR,RUN,COUNT,SHARDS[,SAMPLE OPTIONS])
define genkit-shards
$(1)/job.json: $(call genkit-shard-files,$(1),$(4))
	$(GENKIT) sample --merge $(1)
	@touch -c $$@

$(call genkit-shard-files,$(1),$(4)): $(1)/shards/%-of-$(4).json: $$(wildcard $(2)/checkpoints/latest) | $(GENKIT_READY)
	$(GENKIT) sample $(2) -n $(3) --out $(1) --shard $$*/$(4) $(5)
	@touch -c $$@
endef

# Write the file only when its text would change.
genkit-quote = '$(subst ','\'',$(strip $(1)))'
genkit-record = mkdir -p $(@D) && { [ "$$(cat $@ 2>/dev/null)" = $(call genkit-quote,$(1)) ] || printf '%s\n' $(call genkit-quote,$(1)) > $@; }

# Samples of an older run or of other options give way; a job that was stopped goes on.
genkit-clear-stale = if [ -d $(@D) ] && [ -n "$$(find $^ -newer $(@D))" ]; then rm -r $(@D); fi
